package tests

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"scimlet.dev/scimlet"
	"scimlet.dev/scimlet/tests/app"
	"scimlet.dev/scimlet/tests/cluster"
)

const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	base        = "https://scim.example.com/acme"
)

// object is a JSON object.
type object = map[string]any

// postgres is the cluster that all tests share, started for the first that needs it.
var postgres = sync.OnceValues(cluster.Start)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	code := m.Run()
	if usesPostgres {
		if started, err := postgres(); err == nil {
			if err := started.Stop(); err != nil {
				log.Print(err)
			}
		}
	}
	os.Exit(code)
}

var usesPostgres bool

// newPostgres returns the URL of an empty database; it skips the test where there is no PostgreSQL,
// and fails it with CI=true.
func newPostgres(t *testing.T) string {
	t.Helper()
	usesPostgres = true
	started, err := postgres()
	if errors.Is(err, cluster.ErrNone) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	check(t, err)
	url, err := started.Database()
	check(t, err)
	return url
}

// eachDatabase runs a test over an empty database of each kind.
func eachDatabase(t *testing.T, test func(t *testing.T, db *sql.DB, dialect scimlet.Dialect)) {
	t.Run("sqlite", func(t *testing.T) {
		db := newSQLite(t)
		test(t, db, scimlet.SQLite)
	})
	t.Run("postgres", func(t *testing.T) {
		db, dialect := open(t, newPostgres(t))
		test(t, db, dialect)
	})
}

func newSQLite(t *testing.T) *sql.DB {
	t.Helper()
	db, _ := open(t, "sqlite:"+filepath.Join(t.TempDir(), "app.db"))
	return db
}

func open(t *testing.T, database string) (*sql.DB, scimlet.Dialect) {
	t.Helper()
	db, dialect, err := app.Open(database)
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	return db, dialect
}

// newTenant returns a tenant of Okta's.
func newTenant(t *testing.T, scim *scimlet.Provider) *scimlet.Tenant {
	t.Helper()
	ctx := t.Context()
	check(t, scim.Migrate(ctx))
	_, err := scim.CreateTenant(ctx, "acme")
	check(t, err)
	acme := scim.Tenant("acme")
	_, err = acme.Configure(ctx, object{"extends": "okta"}, 0)
	check(t, err)
	return acme
}

// follows returns a tenant whose changes an application hears of.
func follows(
	t *testing.T, db *sql.DB, dialect scimlet.Dialect, application scimlet.Application,
) *scimlet.Tenant {
	t.Helper()
	return newTenant(t, scimlet.New(db, dialect, &scimlet.Options{Application: application}))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, found, wanted T) {
	t.Helper()
	if found != wanted {
		t.Fatalf("found %v, not %v", found, wanted)
	}
}

// fails checks the kind of an error.
func fails(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("the error is %v, not %v", err, kind)
	}
}

// request returns a request of Okta's.
func request(method, path string, document any) scimlet.Request {
	path, query, _ := strings.Cut(path, "?")
	body := ""
	if document != nil {
		written, err := json.Marshal(document)
		if err != nil {
			panic(err)
		}
		body = string(written)
	}
	header := http.Header{"Content-Type": {"application/scim+json"}}
	return scimlet.Request{Method: method, Path: path, Query: query, Header: header, Body: body}
}

func createUser(name string) scimlet.Request {
	return request("POST", "/Users", object{"schemas": []string{userSchema}, "userName": name})
}

func setActive(id string, active bool) scimlet.Request {
	return request("PATCH", "/Users/"+id, object{
		"schemas":    []string{patchSchema},
		"Operations": []object{{"op": "replace", "value": object{"active": active}}},
	})
}

// ask returns the answer to Okta.
func ask(
	ctx context.Context, t *testing.T, tenant *scimlet.Tenant, asked scimlet.Request,
) *scimlet.Response {
	t.Helper()
	origin := scimlet.Origin{BaseURL: base, Client: "okta"}
	response, err := tenant.Handle(ctx, origin, asked)
	check(t, err)
	return response
}

// answered returns the document of an answer with this status.
func answered(
	t *testing.T, tenant *scimlet.Tenant, asked scimlet.Request, status int,
) object {
	t.Helper()
	response := ask(t.Context(), t, tenant, asked)
	if response.Status != status {
		t.Fatalf("the status is %d, not %d: %s", response.Status, status, response.Body)
	}
	if response.Body == "" {
		return nil
	}
	return parsed(t, response.Body)
}

func parsed[T string | json.RawMessage](t *testing.T, text T) (document object) {
	t.Helper()
	check(t, json.Unmarshal([]byte(text), &document))
	return document
}

// made creates a user, and returns its id.
func made(t *testing.T, tenant *scimlet.Tenant, name string) string {
	t.Helper()
	return answered(t, tenant, createUser(name), 201)["id"].(string)
}

// names returns the userNames of the tenant, in their order.
func names(t *testing.T, tenant *scimlet.Tenant) string {
	t.Helper()
	page, err := tenant.Users(t.Context(), "", "", 500)
	check(t, err)
	var found []string
	for _, user := range page.Resources {
		found = append(found, parsed(t, user)["userName"].(string))
	}
	return strings.Join(found, " ")
}

// column returns a column of a query's rows.
func column(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	check(t, err)
	defer func() { check(t, rows.Close()) }()
	var found []string
	for rows.Next() {
		var text string
		check(t, rows.Scan(&text))
		found = append(found, text)
	}
	check(t, rows.Err())
	return strings.Join(found, " ")
}

// nameOf returns the name of the user or group that a change is about.
func nameOf(change *scimlet.Change) string {
	document := change.After
	if document == nil {
		document = change.Before
	}
	var named struct{ UserName, DisplayName string }
	if err := json.Unmarshal(document, &named); err != nil {
		panic(err)
	}
	if named.UserName != "" {
		return named.UserName
	}
	return named.DisplayName
}
