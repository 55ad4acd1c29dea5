// Package bridge lets the module scimlet.dev/scimlet/contract use what package scimlet has, and does
// not export.
package bridge

import (
	"context"
	"database/sql"

	"scimlet.dev/scimlet/internal/instance"
)

// Call calls a function of an instance of the pool's, which has a connection to the database, and
// puts what it returned into a value. Package scimlet sets it.
var Call func(
	ctx context.Context, pool *instance.Pool, db *sql.DB, dialect, tenant, function string,
	arguments map[string]any, into any,
) error
