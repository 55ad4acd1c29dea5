//go:build contract

package tests

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"modernc.org/sqlite"

	"scimlet.dev/scimlet"
	"scimlet.dev/scimlet/contract"
)

// quick are cases of each kind that are.
var quick = []string{
	"get_commit::an_inserted_entry_is_read_back",
	"get_commit::a_refused_commit_leaves_no_trace",
	"unique::types_are_kept_apart",
	"links::pages_of_links_join_up",
	"find::text_operators_take_any_character",
	"times::times_never_go_back",
	"limits::nul_is_kept_or_invalid",
	"isolation::tenants_share_nothing",
}

func TestDriversHoldTheContract(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
		cases, err := contract.Cases(t.Context(), db, dialect)
		check(t, err)
		for _, one := range quick {
			equal(t, slices.Contains(cases, one), true)
		}
		contract.Run(t, db, dialect, quick...)
	})
}

// forgetful is a driver that says that it has committed, and has not.
type forgetful struct{ path string }

func (f *forgetful) Connect(context.Context) (driver.Conn, error) {
	connection, err := (&sqlite.Driver{}).Open(f.path)
	return &forgetfulConn{connection}, err
}

func (f *forgetful) Driver() driver.Driver { return &sqlite.Driver{} }

type forgetfulConn struct{ driver.Conn }

func (c *forgetfulConn) ExecContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Result, error) {
	if query == "COMMIT" {
		query = "ROLLBACK"
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *forgetfulConn) QueryContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Rows, error) {
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func TestAConnectionThatCommitsNothingIsFoundOut(t *testing.T) {
	db := sql.OpenDB(&forgetful{filepath.Join(t.TempDir(), "app.db")})
	defer func() { check(t, db.Close()) }()
	told, err := contract.Broken(t.Context(), db, scimlet.SQLite, quick[0])
	check(t, err)
	equal(t, len(told), 1)
	if !strings.HasPrefix(told[0], "get_commit: an inserted entry is read back") {
		t.Fatal(told)
	}
}
