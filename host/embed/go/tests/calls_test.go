package tests

import (
	"database/sql"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scimlet.dev/scimlet"
)

func TestEachFunctionOfTheWITIsThere(t *testing.T) {
	function := regexp.MustCompile(`(?m)^  ([a-z-]+): func`)
	tenant, provider := reflect.TypeFor[*scimlet.Tenant](), reflect.TypeFor[*scimlet.Provider]()
	found := 0
	for _, name := range []string{"admin", "directory", "tables", "provider"} {
		text, err := os.ReadFile("../../../../wit/" + name + ".wit")
		check(t, err)
		for _, match := range function.FindAllStringSubmatch(string(text), -1) {
			if match[1] == "prepare" {
				continue // It is called for each image of an instance.
			}
			found++
			wanted := strings.ReplaceAll(match[1], "-", "")
			isIt := func(name string) bool { return strings.EqualFold(name, wanted) }
			if !slices.ContainsFunc(methods(tenant), isIt) &&
				!slices.ContainsFunc(methods(provider), isIt) {
				t.Errorf("there is no %s", match[1])
			}
		}
	}
	if found < 40 {
		t.Fatalf("the WIT has only %d functions", found)
	}
}

func methods(of reflect.Type) (names []string) {
	for place := range of.NumMethod() {
		names = append(names, of.Method(place).Name)
	}
	return names
}

func TestAUserOverEachDatabase(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
		ctx := t.Context()
		scim := scimlet.New(db, dialect, nil)
		acme := newTenant(t, scim)
		isNew, err := scim.CreateTenant(ctx, "acme")
		check(t, err)
		equal(t, isNew, false)
		check(t, scim.Migrate(ctx))
		id := made(t, acme, "ada@example.com")
		query := "/Users?filter=userName%20eq%20%22ada@example.com%22"
		page := answered(t, acme, request("GET", query, nil), 200)
		equal(t, page["Resources"].([]any)[0].(object)["id"], any(id))
		check(t, acme.DeactivateUser(ctx, id))
		user, err := acme.User(ctx, id)
		check(t, err)
		equal(t, parsed(t, user)["active"], any(false))
		tenants, err := scim.Tenants(ctx)
		check(t, err)
		equal(t, len(tenants), 1)
		equal(t, tenants[0].Name, "acme")
		if age := time.Since(tenants[0].Created.Time); age < 0 || age > time.Hour {
			t.Fatalf("the tenant was made %v ago", age)
		}
		wasThere, err := scim.DeleteTenant(ctx, "acme")
		check(t, err)
		equal(t, wasThere, true)
		_, err = acme.Users(ctx, "", "", 1)
		fails(t, err, scimlet.ErrRefused)
	})
}

func TestEvents(t *testing.T) {
	ctx := t.Context()
	acme := newTenant(t, scimlet.New(newSQLite(t), scimlet.SQLite, nil))
	id := made(t, acme, "ada")
	check(t, acme.DeactivateUser(ctx, id))
	events, err := acme.Events(ctx, 0, 100)
	check(t, err)
	last := events[len(events)-1]
	for place, event := range events {
		equal(t, event.Sequence, uint64(place+1))
	}
	isDeactivation := func(event scimlet.Event) bool {
		return event.Name == "urn:ietf:params:scim:event:prov:deactivate" &&
			event.Subject.ID == id && parsed(t, event.Body) != nil
	}
	equal(t, slices.ContainsFunc(events, isDeactivation), true)
	none, err := acme.Events(ctx, last.Sequence, 100)
	check(t, err)
	equal(t, len(none), 0)
	// It yields what is there, and then what happens.
	seen := uint64(0)
	for event, err := range acme.Follow(ctx, 0, time.Millisecond) {
		check(t, err)
		equal(t, event.Sequence, seen+1)
		seen = event.Sequence
		if seen == last.Sequence {
			made(t, acme, "bo")
		}
		if seen > last.Sequence {
			break
		}
	}
}

func TestSixteenGoroutines(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *sql.DB, dialect scimlet.Dialect) {
		acme := newTenant(t, scimlet.New(db, dialect, nil))
		var group sync.WaitGroup
		for number := range 16 {
			group.Go(func() {
				for each := range 4 {
					name := fmt.Sprintf("user%d.%d", number, each)
					response := ask(t.Context(), t, acme, createUser(name))
					if response.Status != 201 {
						t.Errorf("%s: %s", name, response.Body)
						return
					}
					id := parsed(t, response.Body)["id"].(string)
					if response := ask(t.Context(), t, acme, setActive(id, false)); response.Status != 200 {
						t.Errorf("%s: %s", name, response.Body)
					}
				}
			})
		}
		group.Wait()
		page, err := acme.Users(t.Context(), "active eq false", "", 1)
		check(t, err)
		equal(t, page.TotalResults, 64)
		if page.NextCursor == "" || len(page.Resources) != 1 {
			t.Fatalf("a page of one is %v", page)
		}
	})
}

func TestErrorsHaveKinds(t *testing.T) {
	ctx := t.Context()
	scim := scimlet.New(newSQLite(t), scimlet.SQLite, nil)
	acme := newTenant(t, scim)
	_, err := acme.User(ctx, "nobody")
	fails(t, err, scimlet.ErrNotFound)
	_, err = acme.Configure(ctx, object{"extends": "nothing"}, 0)
	fails(t, err, scimlet.ErrInvalid)
	_, err = scim.CreateTenant(ctx, "Acme")
	fails(t, err, scimlet.ErrInvalid)
	_, err = acme.Configure(ctx, object{"extends": "okta"}, 7)
	fails(t, err, scimlet.ErrStale)
	_, err = acme.Set(ctx, object{"users.seats": 0})
	check(t, err)
	_, err = acme.CreateUser(ctx, object{"userName": "bo"}, "")
	fails(t, err, scimlet.ErrRefused)
	_, err = acme.User(ctx, "\xff")
	fails(t, err, scimlet.ErrInvalid)
	_, err = acme.CreateUser(ctx, func() {}, "")
	fails(t, err, scimlet.ErrInvalid)
	_, err = acme.IssueCredential(ctx, scimlet.CredentialRequest{Label: "a", Lifetime: 1})
	fails(t, err, scimlet.ErrInvalid)
}
