package tests

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"modernc.org/sqlite"

	"scimlet.dev/scimlet"
	"scimlet.dev/scimlet/tests/app"
)

// faulty is a driver whose connections break at one point: before a statement, or after it was
// executed.
type faulty struct {
	path, how string
	point     int
	asked     int
	// broken and reused count connections that broke, and what was asked of those later.
	broken, reused int
	// committed counts the transactions that were committed and wrote.
	committed int
}

func (f *faulty) Connect(context.Context) (driver.Conn, error) {
	connection, err := (&sqlite.Driver{}).Open(f.path)
	return &faultyConn{Conn: connection, driver: f}, err
}

func (f *faulty) Driver() driver.Driver { return &sqlite.Driver{} }

func (f *faulty) hasFailed() bool { return f.asked >= f.point }

// faultyConn is a connection that may break.
type faultyConn struct {
	driver.Conn
	driver   *faulty
	isBroken bool
	writes   bool
}

// fails is whether this is the point at which it breaks.
func (c *faultyConn) fails(when string) bool {
	if when == "before" {
		c.driver.asked++
	}
	if c.driver.asked == c.driver.point && c.driver.how == when {
		c.isBroken = true
		c.driver.broken++
		return true
	}
	return false
}

func (c *faultyConn) ExecContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Result, error) {
	if c.isBroken {
		c.driver.reused++
		return nil, driver.ErrBadConn
	}
	if c.fails("before") {
		return nil, driver.ErrBadConn
	}
	result, err := c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
	switch {
	case strings.HasPrefix(query, "BEGIN"):
		c.writes = query == "BEGIN IMMEDIATE"
	case query == "COMMIT" && c.writes && err == nil:
		c.driver.committed++
	}
	if c.fails("after") {
		return nil, driver.ErrBadConn
	}
	return result, err
}

func (c *faultyConn) QueryContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Rows, error) {
	if c.isBroken {
		c.driver.reused++
		return nil, driver.ErrBadConn
	}
	if c.fails("before") {
		return nil, driver.ErrBadConn
	}
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	if err == nil && c.fails("after") {
		_ = rows.Close()
		return nil, driver.ErrBadConn
	}
	return rows, err
}

// faultyDatabase makes a database with a tenant and the application's table, and returns its path.
func faultyDatabase(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.db")
	db, _, err := app.Open("sqlite:" + path)
	check(t, err)
	withOwn(t, db)
	newTenant(t, scimlet.New(db, scimlet.SQLite, nil))
	check(t, db.Close())
	return path
}

func TestAConnectionBreaksAtEachPoint(t *testing.T) {
	group := request("POST", "/Groups", object{"schemas": []string{groupSchema}, "displayName": "ada"})
	for _, asked := range []scimlet.Request{createUser("ada"), group} {
		for _, how := range []string{"before", "after"} {
			t.Run(how+asked.Path, func(t *testing.T) {
				point, hasFailed := 0, true
				for hasFailed {
					point++
					broken := &faulty{path: faultyDatabase(t), how: how, point: point}
					judge(t, broken, asked)
					hasFailed = broken.hasFailed()
				}
				if point < 10 {
					t.Fatalf("there are only %d points", point)
				}
			})
		}
	}
}

// judge asks over a connection that breaks, and then what became of it over one that does not.
func judge(t *testing.T, broken *faulty, asked scimlet.Request) {
	t.Helper()
	db := sql.OpenDB(broken)
	options := &scimlet.Options{Application: keep}
	acme := scimlet.New(db, scimlet.SQLite, options).Tenant("acme")
	status := ask(t.Context(), t, acme, asked).Status
	if status != 201 && (status != 503 || !broken.hasFailed()) {
		t.Fatalf("the answer is %d at %d", status, broken.point)
	}
	equal(t, db.Stats().InUse, 0)
	check(t, db.Close())
	// To undo is tried once, in vain.
	if broken.reused > 1 {
		t.Fatalf("a broken connection was used %d times", broken.reused)
	}
	back, _ := open(t, "sqlite:"+broken.path)
	acme = scimlet.New(back, scimlet.SQLite, options).Tenant("acme")
	found := answered(t, acme, request("GET", asked.Path, nil), 200)["totalResults"].(float64)
	equal(t, found, float64(broken.committed))
	equal(t, found, float64(len(strings.Fields(own(t, back)))))
	if status == 201 {
		equal(t, broken.committed, 1)
	}
	if broken.committed > 1 {
		t.Fatal("it happened twice")
	}
	// The client repeats it, over a database that is back.
	wanted := 201
	if found > 0 && asked.Path == "/Users" {
		wanted = 409
	}
	equal(t, ask(t.Context(), t, acme, asked).Status, wanted)
}

// PostgreSQL's server ends a session: the error is said, a commit is not repeated, and the
// connection is not used again.
func TestASessionThatTheServerEnds(t *testing.T) {
	for _, when := range []string{"in the application", "at the commit"} {
		t.Run(when, func(t *testing.T) {
			ctx := t.Context()
			db, dialect := open(t, newPostgres(t))
			withOwn(t, db)
			end := func(tx scimlet.Tx) {
				var pid int
				check(t, tx.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&pid))
				_, err := db.ExecContext(ctx, "SELECT pg_terminate_backend($1)", pid)
				check(t, err)
			}
			calls := 0
			application := func(ctx context.Context, change *scimlet.Change, tx scimlet.Tx) (string, error) {
				calls++
				id, err := keep(ctx, change, tx)
				if when == "in the application" && calls == 1 {
					end(tx)
				}
				return id, err
			}
			acme := follows(t, db, dialect, application)
			if when == "at the commit" {
				// A deferred trigger of the application's ends the session during COMMIT.
				for _, text := range []string{
					`CREATE FUNCTION ends() RETURNS TRIGGER LANGUAGE plpgsql AS
						$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$`,
					`CREATE CONSTRAINT TRIGGER ends AFTER INSERT ON own DEFERRABLE INITIALLY DEFERRED
						FOR EACH ROW EXECUTE FUNCTION ends()`,
				} {
					_, err := db.ExecContext(ctx, text)
					check(t, err)
				}
			}
			answered(t, acme, createUser("ada"), 503)
			equal(t, calls, 1)
			equal(t, names(t, acme)+own(t, db), "")
			equal(t, db.Stats().InUse, 0)
			if when == "at the commit" {
				_, err := db.ExecContext(ctx, "DROP TRIGGER ends ON own")
				check(t, err)
			}
			made(t, acme, "ada")
		})
	}
}

// odd is a driver that fails at one statement, once, without a connection that breaks.
type odd struct {
	path, query string
	err         error
	// interrupt is called once the statement was executed.
	interrupt func()
	// write is called while an INSERT that returns rows runs.
	write  func()
	closed int
}

func (o *odd) Connect(context.Context) (driver.Conn, error) {
	connection, err := (&sqlite.Driver{}).Open(o.path)
	return &oddConn{connection, o}, err
}

func (o *odd) Driver() driver.Driver { return &sqlite.Driver{} }

type oddConn struct {
	driver.Conn
	driver *odd
}

func (c *oddConn) ExecContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Result, error) {
	if query == c.driver.query && c.driver.err != nil {
		err := c.driver.err
		c.driver.err = nil
		if c.driver.interrupt != nil {
			_, executed := c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
			c.driver.interrupt()
			err = errors.Join(err, executed)
		}
		return nil, err
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *oddConn) QueryContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Rows, error) {
	if c.driver.write != nil && strings.HasPrefix(query, "INSERT") {
		c.driver.write()
		if err := ctx.Err(); err != nil {
			// SQLite undoes the whole transaction of a write that was interrupted.
			_, undone := c.Conn.(driver.ExecerContext).ExecContext(
				context.WithoutCancel(ctx), "ROLLBACK", nil)
			return nil, errors.Join(err, undone)
		}
	}
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *oddConn) Close() error {
	c.driver.closed++
	return c.Conn.Close()
}

func TestWhatIsInTheWayInSQLiteIsRepeated(t *testing.T) {
	locked := errors.New("database is locked")
	busy := &odd{path: faultyDatabase(t), query: "BEGIN IMMEDIATE", err: locked}
	db := sql.OpenDB(busy)
	defer func() { check(t, db.Close()) }()
	options := &scimlet.Options{Application: keep}
	made(t, scimlet.New(db, scimlet.SQLite, options).Tenant("acme"), "ada")
	equal(t, busy.err, nil)
	equal(t, own(t, db), "ada")
}

// What was not undone is still open on the connection, also where that did not break.
func TestAConnectionWhoseTransactionWasNotUndoneIsClosed(t *testing.T) {
	kept := &odd{path: faultyDatabase(t), query: "ROLLBACK", err: errors.New("not now")}
	db := sql.OpenDB(kept)
	defer func() { check(t, db.Close()) }()
	fails := true
	application := func(ctx context.Context, change *scimlet.Change, tx scimlet.Tx) (string, error) {
		if fails {
			return "", errors.New("a mistake")
		}
		return keep(ctx, change, tx)
	}
	options := &scimlet.Options{Application: application}
	acme := scimlet.New(db, scimlet.SQLite, options).Tenant("acme")
	answered(t, acme, createUser("ada"), 503)
	equal(t, kept.err, nil)
	equal(t, kept.closed, 1)
	fails = false
	made(t, acme, "ada")
	equal(t, names(t, acme)+own(t, db), "adaada")
}

// A driver may say of a statement that was executed that it was interrupted.
func TestABeginThatWasExecutedAndInterruptedIsUndone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	path := faultyDatabase(t)
	late := &odd{path: path, query: "BEGIN IMMEDIATE", err: context.Canceled, interrupt: cancel}
	db := sql.OpenDB(late)
	defer func() { check(t, db.Close()) }()
	origin := scimlet.Origin{BaseURL: base, Client: "okta"}
	acme := scimlet.New(db, scimlet.SQLite, nil).Tenant("acme")
	_, err := acme.Handle(ctx, origin, createUser("ada"))
	fails(t, err, context.Canceled)
	equal(t, late.err, nil)
	other, _ := open(t, "sqlite:"+path)
	made(t, scimlet.New(other, scimlet.SQLite, nil).Tenant("acme"), "bo")
}

func TestACancelledCallLeavesTheRestOfAJoinedTransaction(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	writing := &odd{path: faultyDatabase(t), write: cancel}
	db := sql.OpenDB(writing)
	defer func() { check(t, db.Close()) }()
	scim := scimlet.New(db, scimlet.SQLite, nil)
	tx, err := db.BeginTx(t.Context(), nil)
	check(t, err)
	write(t, tx, "before")
	_, err = scim.On(tx).Tenant("acme").CreateUser(ctx, object{"userName": "ada"}, "")
	fails(t, err, context.Canceled)
	write(t, tx, "after")
	check(t, tx.Commit())
	equal(t, own(t, db), "after before")
	equal(t, names(t, scim.Tenant("acme")), "")
}
