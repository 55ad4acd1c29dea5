// Package app is the application of tests: a database, and a table of users that follows SCIM.
package app

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // The driver pgx.
	_ "modernc.org/sqlite"             // The driver sqlite.

	"scimlet.dev/scimlet"
)

// socket is a URL whose host is the percent-encoded folder of a socket, which net/url refuses.
var socket = regexp.MustCompile(`^(postgres(?:ql)?://[^/@]*@)(%2[Ff][^/]*)(/[^?]*)$`)

// Open opens sqlite:PATH or postgres://….
func Open(database string) (*sql.DB, scimlet.Dialect, error) {
	if path, isSQLite := strings.CutPrefix(database, "sqlite:"); isSQLite {
		const settings = "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)"
		db, err := sql.Open("sqlite", "file:"+path+settings)
		return db, scimlet.SQLite, err
	}
	db, err := sql.Open("pgx", socket.ReplaceAllString(database, "$1$3?host=$2"))
	if err == nil {
		db.SetMaxOpenConns(16)
	}
	return db, scimlet.PostgreSQL, err
}

// Users is a table of users that follows SCIM.
type Users struct {
	insert string
	update string
	remove string
}

// NewUsers makes the table, if it is not there.
func NewUsers(ctx context.Context, db *sql.DB, dialect scimlet.Dialect) (*Users, error) {
	id := "INTEGER PRIMARY KEY"
	mark := func(int) string { return "?" }
	if dialect == scimlet.PostgreSQL {
		id = "BIGSERIAL PRIMARY KEY"
		mark = func(place int) string { return fmt.Sprintf("$%d", place) }
	}
	_, err := db.ExecContext(ctx,
		"CREATE TABLE IF NOT EXISTS users(id "+id+", name TEXT UNIQUE, active BOOLEAN)")
	return &Users{
		insert: fmt.Sprintf("INSERT INTO users(name, active) VALUES (%s, %s) RETURNING id",
			mark(1), mark(2)),
		update: fmt.Sprintf("UPDATE users SET name = %s, active = %s WHERE id = %s",
			mark(1), mark(2), mark(3)),
		remove: "DELETE FROM users WHERE id = " + mark(1),
	}, err
}

// Follow keeps the table in step.
func (u *Users) Follow(ctx context.Context, change *scimlet.Change, tx scimlet.Tx) (string, error) {
	if change.ResourceType != "User" {
		return "", nil
	}
	if change.After == nil {
		_, err := tx.ExecContext(ctx, u.remove, number(change.ProductID))
		return "", err
	}
	user := struct {
		UserName string
		Active   bool
	}{Active: true}
	if err := json.Unmarshal(change.After, &user); err != nil {
		return "", err
	}
	if change.ProductID != "" {
		_, err := tx.ExecContext(ctx, u.update, user.UserName, user.Active, number(change.ProductID))
		return "", err
	}
	var id string
	err := tx.QueryRowContext(ctx, u.insert, user.UserName, user.Active).Scan(&id)
	return id, err
}

// number is an id of the table; 0, which no row has, for what is none.
func number(id string) (found int64) {
	_, _ = fmt.Sscan(id, &found)
	return found
}
