package tests

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"scimlet.dev/scimlet"
)

const ownTable = "CREATE TABLE own(name TEXT NOT NULL)"

// withOwn makes the application's table.
func withOwn(t *testing.T, db *sql.DB) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), ownTable)
	check(t, err)
}

func own(t *testing.T, db *sql.DB) string {
	t.Helper()
	return column(t, db, "SELECT name FROM own ORDER BY name")
}

// keep writes a row of the application's.
func keep(ctx context.Context, change *scimlet.Change, tx scimlet.Tx) (string, error) {
	_, err := tx.ExecContext(ctx, "INSERT INTO own VALUES ('"+nameOf(change)+"')")
	return "", err
}

func TestTheApplicationHearsOfEachChangeAndGivesItsOwnID(t *testing.T) {
	db := newSQLite(t)
	var heard []*scimlet.Change
	application := func(_ context.Context, change *scimlet.Change, _ scimlet.Tx) (string, error) {
		heard = append(heard, change)
		if change.Step == scimlet.Created {
			return "7", nil
		}
		return "", nil
	}
	acme := follows(t, db, scimlet.SQLite, application)
	id := made(t, acme, "ada")
	found, err := acme.FindByProductID(t.Context(), "User", "7")
	check(t, err)
	equal(t, found, id)
	answered(t, acme, setActive(id, false), 200)
	answered(t, acme, setActive(id, true), 200)
	answered(t, acme, request("DELETE", "/Users/"+id, nil), 204)
	var steps []string
	for _, change := range heard {
		steps = append(steps, string(change.Step)+change.ProductID)
		equal(t, change.Tenant+change.ResourceType+change.ID, "acmeUser"+id)
	}
	equal(t, strings.Join(steps, " "), "created deactivated7 reactivated7 removed7")
	equal(t, heard[0].Before == nil, true)
	equal(t, parsed(t, heard[0].After)["userName"], any("ada"))
	equal(t, strings.Join(heard[1].Attributes, " "), "active")
	var effects []string
	for _, effect := range heard[1].Effects {
		effects = append(effects, effect.Name)
	}
	if !strings.Contains(strings.Join(effects, " "), "revoke-sessions") {
		t.Fatalf("the effects are %v", effects)
	}
}

func TestTheUserAfterAChange(t *testing.T) {
	var last *scimlet.User
	application := func(_ context.Context, change *scimlet.Change, _ scimlet.Tx) (string, error) {
		last = change.User()
		return "", nil
	}
	acme := follows(t, newSQLite(t), scimlet.SQLite, application)
	document := object{
		"schemas": []string{userSchema}, "userName": "ada", "externalId": "00u1",
		"name":   object{"givenName": "Ada"},
		"emails": []object{{"value": "ada@example.com", "type": "work", "primary": true}},
	}
	id := answered(t, acme, request("POST", "/Users", document), 201)["id"].(string)
	equal(t, last.UserName+last.ExternalID+last.Name.GivenName, "ada00u1Ada")
	equal(t, last.Emails[0], scimlet.Email{Value: "ada@example.com", Type: "work", Primary: true})
	equal(t, last.Active, true)
	answered(t, acme, setActive(id, false), 200)
	equal(t, last.UserName, "ada")
	equal(t, last.Active, false)
	check(t, acme.EraseUser(t.Context(), id))
	equal(t, last.UserName, "")
	equal(t, last.Active, false)
	group := object{"schemas": []string{groupSchema}, "displayName": "Staff"}
	answered(t, acme, request("POST", "/Groups", group), 201)
	equal(t, last == nil, true)
}

func TestMembersOfGroupsAreNamed(t *testing.T) {
	var last *scimlet.Change
	application := func(_ context.Context, change *scimlet.Change, _ scimlet.Tx) (string, error) {
		last = change
		return "", nil
	}
	acme := follows(t, newSQLite(t), scimlet.SQLite, application)
	ada := made(t, acme, "ada")
	group := object{
		"schemas": []string{groupSchema}, "displayName": "Staff", "members": []object{{"value": ada}},
	}
	answered(t, acme, request("POST", "/Groups", group), 201)
	equal(t, last.ResourceType, "Group")
	equal(t, len(last.MembersAdded), 1)
	equal(t, last.MembersAdded[0].ID, ada)
}

func TestTheApplicationRefusesAndFails(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
		withOwn(t, db)
		var end func(ctx context.Context, tx scimlet.Tx) error
		application := func(ctx context.Context, change *scimlet.Change, tx scimlet.Tx) (string, error) {
			if _, err := keep(ctx, change, tx); err != nil {
				return "", err
			}
			return "", end(ctx, tx)
		}
		acme := follows(t, db, dialect, application)
		for _, example := range []struct {
			status int
			end    func(ctx context.Context, tx scimlet.Tx) error
		}{
			{400, func(context.Context, scimlet.Tx) error {
				return fmt.Errorf("wrapped: %w", scimlet.InvalidChange("only in uneven weeks"))
			}},
			{403, func(context.Context, scimlet.Tx) error {
				return scimlet.ForbiddenChange("only in uneven weeks")
			}},
			{503, func(context.Context, scimlet.Tx) error { return errors.New("only in uneven weeks") }},
			{503, func(ctx context.Context, tx scimlet.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO own VALUES (NULL)")
				return err
			}},
		} {
			end = example.end
			document := answered(t, acme, createUser("ada"), example.status)
			isTold := strings.Contains(document["detail"].(string), "only in uneven weeks")
			equal(t, isTold, example.status != 503)
			equal(t, names(t, acme)+own(t, db), "")
		}
		end = func(context.Context, scimlet.Tx) error { return nil }
		made(t, acme, "ada")
		equal(t, names(t, acme)+own(t, db), "adaada")
	})
}

func TestOfAnApplicationThatCommitsOnlyItsOwnPartStays(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
		withOwn(t, db)
		application := func(ctx context.Context, change *scimlet.Change, tx scimlet.Tx) (string, error) {
			if _, err := keep(ctx, change, tx); err != nil {
				return "", err
			}
			_, err := tx.ExecContext(ctx, "COMMIT")
			return "", err
		}
		acme := follows(t, db, dialect, application)
		before, err := acme.Events(t.Context(), 0, 100)
		check(t, err)
		answered(t, acme, createUser("ada"), 503)
		equal(t, own(t, db), "ada")
		equal(t, names(t, acme), "")
		after, err := acme.Events(t.Context(), 0, 100)
		check(t, err)
		equal(t, len(after), len(before))
	})
}

// Such a database ends with its connection.
func TestADatabaseInMemoryOutlivesAnApplicationThatCommits(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	check(t, err)
	defer func() { check(t, db.Close()) }()
	db.SetMaxOpenConns(1)
	withOwn(t, db)
	commits := true
	application := func(ctx context.Context, change *scimlet.Change, tx scimlet.Tx) (string, error) {
		id, err := keep(ctx, change, tx)
		if err == nil && commits {
			_, err = tx.ExecContext(ctx, "COMMIT")
		}
		return id, err
	}
	acme := follows(t, db, scimlet.SQLite, application)
	answered(t, acme, createUser("ada"), 503)
	equal(t, own(t, db), "ada")
	commits = false
	made(t, acme, "bo")
	equal(t, names(t, acme)+"/"+own(t, db), "bo/ada bo")
}

// PostgreSQL answers COMMIT of a failed transaction with a rollback, and no error.
func TestAnErrorThatTheApplicationSwallowsIsNoSuccess(t *testing.T) {
	db, dialect := open(t, newPostgres(t))
	application := func(ctx context.Context, _ *scimlet.Change, tx scimlet.Tx) (string, error) {
		_, _ = tx.ExecContext(ctx, "SELECT nothing FROM nowhere")
		return "", nil
	}
	acme := follows(t, db, dialect, application)
	answered(t, acme, createUser("ada"), 503)
	equal(t, names(t, acme), "")
}

func TestWhatIsInTheWayIsRepeatedWithTheApplication(t *testing.T) {
	db, dialect := open(t, newPostgres(t))
	withOwn(t, db)
	attempts := 0
	application := func(ctx context.Context, change *scimlet.Change, tx scimlet.Tx) (string, error) {
		attempts++
		if _, err := keep(ctx, change, tx); err != nil || attempts > 1 {
			return "7", err
		}
		const fail = "DO $$ BEGIN RAISE 'in the way' USING ERRCODE = '40001'; END $$"
		_, err := tx.ExecContext(ctx, fail)
		return "", err
	}
	acme := follows(t, db, dialect, application)
	made(t, acme, "ada")
	equal(t, attempts, 2)
	equal(t, own(t, db), "ada")
}

// A connection is not free while rows of it are open.
func TestRowsThatTheApplicationLeavesOpen(t *testing.T) {
	const query = "SELECT 1 UNION SELECT 2"
	for name, leave := range map[string]func(ctx context.Context, tx scimlet.Tx) error{
		"rows": func(ctx context.Context, tx scimlet.Tx) error {
			rows, err := tx.QueryContext(ctx, query)
			if err == nil && !rows.Next() {
				err = errors.New("there is no row")
			}
			return err
		},
		"row": func(ctx context.Context, tx scimlet.Tx) error {
			return tx.QueryRowContext(ctx, query).Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
				withOwn(t, db)
				leaves := true
				application := func(
					ctx context.Context, change *scimlet.Change, tx scimlet.Tx,
				) (string, error) {
					if id, err := keep(ctx, change, tx); err != nil || !leaves {
						return id, err
					}
					return "", leave(ctx, tx)
				}
				acme := follows(t, db, dialect, application)
				ask(context.Background(), t, acme, createUser("ada"))
				equal(t, db.Stats().InUse, 0)
				equal(t, names(t, acme), own(t, db))
				leaves = false
				made(t, acme, "bo")
			})
		})
	}
}

func TestRowsThatTheApplicationLeavesOpenInAnotherContext(t *testing.T) {
	db := newSQLite(t)
	var rows *sql.Rows
	application := func(_ context.Context, _ *scimlet.Change, tx scimlet.Tx) (id string, err error) {
		rows, err = tx.QueryContext(context.Background(), "SELECT 1 UNION SELECT 2")
		return "", errors.Join(err, errors.New("a mistake"))
	}
	acme := follows(t, db, scimlet.SQLite, application)
	answered(t, acme, createUser("ada"), 503)
	equal(t, db.Stats().InUse, 1)
	check(t, rows.Close())
	for db.Stats().InUse > 0 {
		runtime.Gosched() // It comes back once it is free.
	}
}

func TestTheApplicationMayRefuseAnErasure(t *testing.T) {
	application := func(_ context.Context, change *scimlet.Change, _ scimlet.Tx) (string, error) {
		if change.Step == scimlet.Erased {
			return "", scimlet.InvalidChange("there are invoices")
		}
		return "", nil
	}
	acme := follows(t, newSQLite(t), scimlet.SQLite, application)
	id := made(t, acme, "ada")
	err := acme.EraseUser(t.Context(), id)
	fails(t, err, scimlet.ErrRefused)
	if !strings.Contains(err.Error(), "there are invoices") {
		t.Fatal(err)
	}
	equal(t, names(t, acme), "ada")
}

func TestAPanicOfTheApplicationIsItsOwnAndUndone(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
		withOwn(t, db)
		panics := true
		application := func(ctx context.Context, change *scimlet.Change, tx scimlet.Tx) (string, error) {
			_, err := keep(ctx, change, tx)
			if panics {
				panic("a mistake")
			}
			return "", err
		}
		acme := follows(t, db, dialect, application)
		func() {
			defer func() { equal(t, recover(), any("a mistake")) }()
			ask(t.Context(), t, acme, createUser("ada"))
		}()
		equal(t, db.Stats().InUse, 0)
		equal(t, names(t, acme)+own(t, db), "")
		panics = false
		made(t, acme, "ada")
	})
}
