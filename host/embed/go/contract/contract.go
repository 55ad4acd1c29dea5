// Package contract is the contract of stores: whether a database and its driver carry statements and
// transactions as scimlet needs them. For tests of drivers, proxies and databases of another make.
//
//	func TestTheDatabaseIsAsScimletNeedsIt(t *testing.T) {
//		contract.Run(t, db, scimlet.SQLite)
//	}
//
// It holds a WebAssembly module of its own, translated to Go, whose build takes about as long as that of
// scimlet. So it is a Go module of its own, too, which only tests require.
package contract

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"scimlet.dev/scimlet"
	"scimlet.dev/scimlet/contract/internal/module"
	"scimlet.dev/scimlet/internal/bridge"
	"scimlet.dev/scimlet/internal/instance"
)

const (
	// tenant is how the names of the tenants begin that the cases make and remove.
	tenant = "scimlet-contract"
	// computing is the time that a case may compute.
	computing = time.Minute
)

var code = instance.NewCode(
	func(imports instance.Imports) instance.Module { return module.New(imports) })

// Run runs the cases of these names, or all, which takes minutes. Each is a test of its own, which
// fails with a sentence for each rule that is broken. The database is one for tests.
func Run(t *testing.T, db *sql.DB, dialect scimlet.Dialect, cases ...string) {
	t.Helper()
	if len(cases) == 0 {
		var err error
		if cases, err = Cases(t.Context(), db, dialect); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range cases {
		t.Run(one, func(t *testing.T) {
			broken, err := Broken(t.Context(), db, dialect, one)
			if err != nil {
				t.Fatal(err)
			}
			for _, sentence := range broken {
				t.Error(sentence)
			}
		})
	}
}

// Cases returns the names of all cases.
func Cases(ctx context.Context, db *sql.DB, dialect scimlet.Dialect) (names []string, err error) {
	err = call(ctx, db, dialect, "contract.cases", map[string]any{}, &names)
	return names, err
}

// Broken runs the case of this name, and returns a sentence for each rule that is broken: none if
// the database is as it should be.
func Broken(
	ctx context.Context, db *sql.DB, dialect scimlet.Dialect, name string,
) (sentences []string, err error) {
	arguments := map[string]any{"cases": []string{name}}
	err = call(ctx, db, dialect, "contract.run", arguments, &sentences)
	return sentences, err
}

// call calls a function in a fresh instance.
func call(
	ctx context.Context, db *sql.DB, dialect scimlet.Dialect, function string,
	arguments map[string]any, into any,
) error {
	pool := code.NewPool(0, computing)
	return bridge.Call(ctx, pool, db, string(dialect), tenant, function, arguments, into)
}
