package scimlet

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"strings"
	"testing"
)

// failing is a transaction in which each statement fails with one error.
type failing struct {
	Tx
	err error
}

func (f failing) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, f.err
}

// coded is an error as SQLite's driver has it, stated one as PostgreSQL's.
type coded int

func (c coded) Code() int     { return int(c) }
func (c coded) Error() string { return fmt.Sprintf("code %d", int(c)) }

type stated string

func (s stated) SQLState() string { return string(s) }
func (s stated) Error() string    { return "state " + string(s) }

// answered returns which failure of wit/sql.wit a call is answered by.
func answered(t *testing.T, dialect Dialect, call string, err error) (name string) {
	t.Helper()
	port := &port{
		dialect: dialect, logger: slog.New(slog.DiscardHandler), ctx: t.Context(),
		tx: failing{err: err}, own: new(sql.Conn), open: whole,
	}
	text, failed := port.answer([]byte(`{"call":"` + call + `","arguments":{"mode":"write"}}`))
	if failed != nil {
		t.Fatal(failed)
	}
	var answer struct{ Return result }
	var variant map[string]string
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer.Return.Err, &variant); err != nil {
		t.Fatal(err)
	}
	for name = range variant {
	}
	return name
}

func TestWhatAnErrorOfADriverMeans(t *testing.T) {
	wrapped := fmt.Errorf("wrapped: %w", driver.ErrBadConn)
	for _, one := range []struct {
		dialect       Dialect
		err           error
		begin, commit string
	}{
		// A connection that broke: of a commit nobody knows whether it happened.
		{SQLite, driver.ErrBadConn, "failed", "unknown"},
		{SQLite, wrapped, "failed", "unknown"},
		{PostgreSQL, io.ErrUnexpectedEOF, "failed", "unknown"},
		{PostgreSQL, stated("08006"), "failed", "unknown"},
		{PostgreSQL, stated("57P01"), "failed", "unknown"},
		{PostgreSQL, stated("40003"), "failed", "unknown"},
		// In each other's way: SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT and SQLITE_LOCKED.
		{SQLite, coded(5), "again", "again"},
		{SQLite, coded(517), "again", "again"},
		{SQLite, coded(6), "again", "again"},
		{SQLite, errors.New("database is locked"), "again", "again"},
		{PostgreSQL, stated("40001"), "again", "again"},
		{PostgreSQL, stated("40P01"), "again", "again"},
		// Nothing happened: SQLITE_FULL, and a violated constraint.
		{SQLite, coded(13), "failed", "failed"},
		{SQLite, errors.New("disk full"), "failed", "failed"},
		{PostgreSQL, stated("23505"), "failed", "failed"},
	} {
		for call, wanted := range map[string]string{"sql.begin": one.begin, "sql.commit": one.commit} {
			if found := answered(t, one.dialect, call, one.err); found != wanted {
				t.Errorf("%s: %v in %s is %s, not %s", one.dialect, one.err, call, found, wanted)
			}
		}
	}
}

// A client's text may have lines; the log's default output writes a message as it is.
func TestANoteIsOneLineOfTheLog(t *testing.T) {
	var written bytes.Buffer
	log.SetOutput(&written)
	defer log.SetOutput(os.Stderr)
	port := &port{logger: slog.Default(), ctx: t.Context(), tenant: "acme"}
	const note = `{"level":"warn","topic":"request","text":"a b\nERROR all is lost"}`
	if _, err := port.answer([]byte(
		`{"call":"journal.write","arguments":{"note":` + note + `}}`)); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(written.String(), "\n"); lines != 1 {
		t.Fatalf("there are %d lines: %s", lines, &written)
	}
	for _, part := range []string{"WARN", "request", "acme", "all is lost"} {
		if !strings.Contains(written.String(), part) {
			t.Errorf("%s lacks %s", &written, part)
		}
	}
}
