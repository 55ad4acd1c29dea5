package tests

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scimlet.dev/scimlet"
)

// write is what the application does in a transaction of its own.
func write(t *testing.T, tx scimlet.Tx, name string) {
	t.Helper()
	_, err := tx.ExecContext(t.Context(), "INSERT INTO own VALUES ('"+name+"')")
	check(t, err)
}

func TestACallJoinsTheApplicationsTransaction(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
		ctx := t.Context()
		withOwn(t, db)
		scim := scimlet.New(db, dialect, nil)
		acme := newTenant(t, scim)
		begin := func() (*sql.Tx, *scimlet.Tenant) {
			tx, err := db.BeginTx(ctx, nil)
			check(t, err)
			return tx, scim.On(tx).Tenant("acme")
		}
		create := func(acme *scimlet.Tenant, name string) {
			t.Helper()
			_, err := acme.CreateUser(ctx, object{"userName": name}, "")
			check(t, err)
		}
		tx, joined := begin()
		write(t, tx, "ada")
		create(joined, "ada")
		check(t, tx.Commit())
		equal(t, names(t, acme)+"/"+own(t, db), "ada/ada")
		// In either order, and what scimlet refuses leaves the application's part.
		tx, joined = begin()
		create(joined, "bo")
		write(t, tx, "bo")
		_, err := joined.CreateUser(ctx, object{"userName": 5}, "")
		fails(t, err, scimlet.ErrInvalid)
		equal(t, names(t, joined), "ada bo")
		check(t, tx.Commit())
		equal(t, names(t, acme)+"/"+own(t, db), "ada bo/ada bo")
		tx, joined = begin()
		create(joined, "cy")
		write(t, tx, "cy")
		check(t, tx.Rollback())
		equal(t, names(t, acme)+"/"+own(t, db), "ada bo/ada bo")
	})
}

func TestAConnectionWithATransactionIsJoinedToo(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
		ctx := t.Context()
		scim := scimlet.New(db, dialect, nil)
		acme := newTenant(t, scim)
		connection, err := db.Conn(ctx)
		check(t, err)
		for _, end := range []string{"ROLLBACK", "COMMIT"} {
			_, err = connection.ExecContext(ctx, "BEGIN")
			check(t, err)
			_, err = scim.On(connection).Tenant("acme").CreateUser(ctx, object{"userName": end}, "")
			check(t, err)
			_, err = connection.ExecContext(ctx, end)
			check(t, err)
		}
		check(t, connection.Close())
		equal(t, names(t, acme), "COMMIT")
	})
}

func TestAFailureLeavesTheRestOfAJoinedTransaction(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
		ctx := t.Context()
		withOwn(t, db)
		application := func(ctx context.Context, change *scimlet.Change, tx scimlet.Tx) (string, error) {
			if change.Step != scimlet.Erased {
				return "", nil
			}
			_, err := keep(ctx, change, tx)
			return "", errors.Join(err, errors.New("a mistake"))
		}
		scim := scimlet.New(db, dialect, &scimlet.Options{Application: application})
		acme := newTenant(t, scim)
		id := made(t, acme, "ada")
		tx, err := db.BeginTx(ctx, nil)
		check(t, err)
		write(t, tx, "before")
		fails(t, scim.On(tx).Tenant("acme").EraseUser(ctx, id), scimlet.ErrUnavailable)
		write(t, tx, "after")
		check(t, tx.Commit())
		equal(t, own(t, db), "after before")
		equal(t, names(t, acme), "ada")
	})
}

// Even a statement outside a savepoint would end a transaction of PostgreSQL's.
func TestAReadThatFailsLeavesTheRestOfAJoinedTransaction(t *testing.T) {
	db, dialect := open(t, newPostgres(t))
	ctx := t.Context()
	withOwn(t, db)
	scim := scimlet.New(db, dialect, nil)
	newTenant(t, scim)
	locked, err := db.BeginTx(ctx, nil)
	check(t, err)
	const lock = `DO $$ DECLARE one TEXT; BEGIN
		FOR one IN SELECT tablename FROM pg_tables WHERE tablename LIKE 'scimlet_%' LOOP
			EXECUTE 'LOCK TABLE ' || one || ' IN ACCESS EXCLUSIVE MODE';
		END LOOP; END $$`
	_, err = locked.ExecContext(ctx, lock)
	check(t, err)
	tx, err := db.BeginTx(ctx, nil)
	check(t, err)
	write(t, tx, "before")
	_, err = tx.ExecContext(ctx, "SET LOCAL statement_timeout = 100")
	check(t, err)
	_, err = scim.On(tx).Tenant("acme").Users(ctx, "", "", 1)
	fails(t, err, scimlet.ErrUnavailable)
	write(t, tx, "after")
	check(t, tx.Commit())
	check(t, locked.Rollback())
	equal(t, own(t, db), "after before")
}

// A busy database is one that SQLite cannot lock in time.
func TestABusyDatabase(t *testing.T) {
	ctx := t.Context()
	db := newSQLite(t)
	acme := newTenant(t, scimlet.New(db, scimlet.SQLite, nil))
	other, err := db.Conn(ctx)
	check(t, err)
	_, err = other.ExecContext(ctx, "BEGIN IMMEDIATE")
	check(t, err)
	// All connections that there are from now on give up at once.
	const impatient = "PRAGMA busy_timeout = 1"
	one, err := db.Conn(ctx)
	check(t, err)
	_, err = one.ExecContext(ctx, impatient)
	check(t, err)
	check(t, one.Close())
	answered(t, acme, createUser("ada"), 503)
	_, err = other.ExecContext(ctx, "ROLLBACK")
	check(t, err)
	check(t, other.Close())
	made(t, acme, "ada")
}

func TestACancelledCallIsUndone(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
		withOwn(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		application := func(ctx context.Context, change *scimlet.Change, tx scimlet.Tx) (string, error) {
			id, err := keep(ctx, change, tx)
			cancel()
			return id, err
		}
		acme := follows(t, db, dialect, application)
		origin := scimlet.Origin{BaseURL: base, Client: "okta"}
		_, err := acme.Handle(ctx, origin, createUser("ada"))
		fails(t, err, context.Canceled)
		equal(t, db.Stats().InUse, 0)
		equal(t, names(t, acme)+own(t, db), "")
		_, err = acme.Handle(ctx, origin, createUser("ada"))
		fails(t, err, context.Canceled)
	})
}

// Over real drivers: connections come back, and nothing is half done.
func TestCancelledAtAnyTime(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
		withOwn(t, db)
		acme := follows(t, db, dialect, keep)
		var mutex sync.Mutex
		acknowledged := map[string]bool{}
		var group sync.WaitGroup
		for number := range 40 {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(number)*time.Millisecond)
				defer cancel()
				name := string(rune('A'+number/10)) + string(rune('0'+number%10))
				origin := scimlet.Origin{BaseURL: base, Client: "okta"}
				response, err := acme.Handle(ctx, origin, createUser(name))
				mutex.Lock()
				defer mutex.Unlock()
				acknowledged[name] = err == nil && response.Status == 201
			})
		}
		group.Wait()
		for db.Stats().InUse > 0 {
			runtime.Gosched() // The pool may still open connections that were asked for.
		}
		found := names(t, acme)
		sorted := strings.Fields(found)
		slices.Sort(sorted)
		equal(t, own(t, db), strings.Join(sorted, " "))
		there := map[string]bool{}
		for name := range strings.FieldsSeq(found) {
			there[name] = true
		}
		for name, isAcknowledged := range acknowledged {
			if isAcknowledged && !there[name] {
				t.Errorf("%s is lost", name)
			}
		}
	})
}
