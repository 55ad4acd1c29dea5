package scimlet

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
)

// Dialect is the SQL of a database.
type Dialect string

const (
	// SQLite is SQLite 3.38 or newer.
	SQLite Dialect = "sqlite"
	// PostgreSQL is PostgreSQL 12 or newer, and what speaks its SQL.
	PostgreSQL Dialect = "postgres"
)

// mode is what a transaction does: read or write.
type mode string

// begin returns the statement that begins a transaction.
func (d Dialect) begin(mode mode) string {
	switch {
	case d == SQLite && mode == "write":
		return "BEGIN IMMEDIATE"
	case d == SQLite:
		return "BEGIN"
	case mode == "write":
		return "BEGIN ISOLATION LEVEL READ COMMITTED"
	default:
		return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
}

// kind says what an error of a driver means.
type kind string

const (
	// again: transactions were in each other's way.
	again kind = "again"
	// failed: nothing happened.
	failed kind = "failed"
	// lost: the connection broke, or is of no use any more.
	lost kind = "lost"
)

const (
	sqliteBusy   = 5
	sqliteLocked = 6
)

var (
	// inTheWay are SQLSTATEs of transactions that were in each other's way.
	inTheWay = []string{"40001", "40P01", "55P03"}
	// ended are how SQLSTATEs begin that end a session (the connection, the operator), or leave
	// open whether the statement was completed.
	ended = []string{"08", "57P", "40003"}
)

// kind returns what an error of the driver means.
func (d Dialect) kind(err error) kind {
	for _, gone := range []error{driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone} {
		if errors.Is(err, gone) {
			return lost
		}
	}
	if d == SQLite {
		if isBusy(err) {
			return again
		}
		return failed
	}
	var server interface{ SQLState() string }
	if !errors.As(err, &server) {
		return lost // It did not come from the server.
	}
	state := server.SQLState()
	switch {
	case slices.Contains(inTheWay, state):
		return again
	case slices.ContainsFunc(ended, func(begin string) bool {
		return strings.HasPrefix(state, begin)
	}):
		return lost
	}
	return failed
}

// isBusy is whether SQLite could not lock. A commit that failed so has not happened.
func isBusy(err error) bool {
	var coded interface{ Code() int } // modernc.org/sqlite
	if errors.As(err, &coded) {
		code := coded.Code() & 0xff
		return code == sqliteBusy || code == sqliteLocked
	}
	// Each driver repeats SQLite's own text.
	return strings.Contains(err.Error(), " is locked")
}

// isIdle is whether a transaction could not be undone because there was none any more, as where the
// application committed it. PostgreSQL has no error for that.
func (d Dialect) isIdle(err error) bool {
	return d == SQLite && strings.Contains(err.Error(), "no transaction is active")
}

// sentence returns what an error says, for the operator. Further lines may have the values of a
// statement, which are personal data.
func sentence(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}
