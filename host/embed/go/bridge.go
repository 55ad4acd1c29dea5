package scimlet

import (
	"context"
	"database/sql"

	"scimlet.dev/scimlet/internal/bridge"
	"scimlet.dev/scimlet/internal/instance"
)

func init() {
	bridge.Call = func(
		ctx context.Context, pool *instance.Pool, db *sql.DB, dialect, tenant, function string,
		arguments map[string]any, into any,
	) error {
		over := New(db, Dialect(dialect), nil)
		over.pool = pool
		return over.call(ctx, tenant, function, arguments, into)
	}
}
