package tests

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"scimlet.dev/scimlet"
)

// administered is a tenant with seats and with groups that give roles.
func administered(t *testing.T) *scimlet.Tenant {
	t.Helper()
	acme := newTenant(t, scimlet.New(newSQLite(t), scimlet.SQLite, nil))
	profile := `{"extends":"okta","users":{"seats":20},"groups":{"assignments":true}}`
	version, err := acme.Configure(t.Context(), profile, 1)
	check(t, err)
	equal(t, version, uint64(2))
	return acme
}

func TestProfiles(t *testing.T) {
	ctx := t.Context()
	acme := administered(t)
	version, err := acme.Set(ctx, object{"users.seats": 5, "rate.requests-per-second": 9})
	check(t, err)
	profile, found, err := acme.Profile(ctx)
	check(t, err)
	equal(t, found, version)
	equal(t, parsed(t, profile)["users"].(object)["seats"], any(5.0))
	sentences, err := acme.Explain(ctx, profile)
	check(t, err)
	if len(sentences) < 2 {
		t.Fatalf("it explains only %q", sentences)
	}
	secret := make([]byte, 32)
	_, err = rand.Read(secret)
	check(t, err)
	webhook := object{
		"url":    "https://hooks.example.com/x",
		"secret": "whsec_" + base64.StdEncoding.EncodeToString(secret),
	}
	_, err = acme.Set(ctx, object{"webhooks": []object{webhook}})
	check(t, err)
	webhooks, err := acme.Webhooks(ctx)
	check(t, err)
	equal(t, len(webhooks), 1)
	equal(t, webhooks[0].URL, "https://hooks.example.com/x")
	if webhooks[0].RetrySeconds == 0 || webhooks[0].Since.IsZero() {
		t.Fatalf("the webhook is %v", webhooks[0])
	}
	due, err := acme.Maintain(ctx)
	check(t, err)
	if !due.IsZero() && time.Until(due) < 0 {
		t.Fatalf("maintenance is due at %v", due)
	}
}

func TestCredentials(t *testing.T) {
	ctx := t.Context()
	acme := administered(t)
	issued, err := acme.IssueCredential(ctx, scimlet.CredentialRequest{
		Label: "Okta", Lifetime: time.Hour, Scopes: []string{"users"},
	})
	check(t, err)
	if left := time.Until(issued.Credential.Expires.Time); left > time.Hour || left < time.Minute {
		t.Fatalf("it expires in %v", left)
	}
	rotated, err := acme.RotateCredential(ctx, issued.Credential.ID)
	check(t, err)
	if rotated.Secret == issued.Secret {
		t.Fatal("the secret is the old one")
	}
	found, err := acme.Credentials(ctx)
	check(t, err)
	equal(t, len(found), 1)
	equal(t, found[0].Label, "Okta")
	equal(t, found[0].Revoked.IsZero(), true)
	origin := scimlet.Origin{BaseURL: base}
	header := http.Header{"Authorization": {"Bearer " + rotated.Secret}}
	admitted, _, err := acme.Authorize(ctx, origin, header, "")
	check(t, err)
	equal(t, admitted.Open, true)
	check(t, acme.RevokeCredential(ctx, issued.Credential.ID))
	_, refused, err := acme.Authorize(ctx, origin, header, "")
	check(t, err)
	equal(t, refused.Status, 401)
	provider, err := acme.AddIdentityProvider(ctx, "okta", false)
	check(t, err)
	equal(t, provider == nil, true)
	providers, err := acme.IdentityProviders(ctx)
	check(t, err)
	equal(t, len(providers), 1)
	equal(t, providers[0].Name, "okta")
}

func TestUsersAndGroupsOfTheProduct(t *testing.T) {
	ctx := t.Context()
	acme := administered(t)
	imported, err := acme.ImportUsers(ctx, object{"userName": "bo"}, `{"userName":"bo"}`)
	check(t, err)
	bo := imported[0].ID
	if bo == "" || imported[1].Skipped == "" {
		t.Fatalf("the outcomes are %v", imported)
	}
	check(t, acme.LinkUser(ctx, bo, "00u1"))
	check(t, acme.DeactivateUser(ctx, bo))
	check(t, acme.ReactivateUser(ctx, bo))
	members := []object{{"value": bo}}
	staff, err := acme.CreateGroup(ctx, object{"displayName": "Staff", "members": members}, "")
	check(t, err)
	check(t, acme.AssignGroup(ctx, "Staff", scimlet.Assignment{Roles: []string{"writer"}}))
	assignments, err := acme.Assignments(ctx)
	check(t, err)
	equal(t, strings.Join(assignments[staff].Roles, " "), "writer")
	check(t, acme.AssignRoles(ctx, bo, "reader"))
	check(t, acme.AddReference(ctx, "bo@example.com", "dashboard", "7"))
	references, err := acme.References(ctx, "bo@example.com")
	check(t, err)
	equal(t, references[0].ID, "7")
	cy, err := acme.CreateUser(ctx, object{"userName": "cy"}, "42")
	check(t, err)
	check(t, acme.SetProductID(ctx, "User", cy, "43"))
	found, err := acme.FindByProductID(ctx, "User", "43")
	check(t, err)
	equal(t, found, cy)
	_, err = acme.FindByProductID(ctx, "User", "42")
	fails(t, err, scimlet.ErrNotFound)
	operation := object{"op": "add", "path": "displayName", "value": "Ωy <&>"}
	check(t, acme.PatchUser(ctx, cy, object{"Operations": []object{operation}}))
	user, err := acme.User(ctx, cy)
	check(t, err)
	equal(t, parsed(t, user)["displayName"], any("Ωy <&>"))
	operation = object{"op": "remove", "path": "members"}
	check(t, acme.PatchGroup(ctx, staff, object{"Operations": []object{operation}}))
	group, err := acme.Group(ctx, staff)
	check(t, err)
	equal(t, parsed(t, group)["displayName"], any("Staff"))
	check(t, acme.DeleteGroup(ctx, staff))
	check(t, acme.EraseUser(ctx, cy))
	equal(t, names(t, acme), "bo")
	me, err := acme.Handle(ctx, scimlet.Origin{BaseURL: base, User: bo}, request("GET", "/Me", nil))
	check(t, err)
	equal(t, parsed(t, me.Body)["userName"], any("bo"))
}
