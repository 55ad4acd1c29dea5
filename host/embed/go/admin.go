package scimlet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Configure sets the tenant's profile, such as {"extends": "okta"}, and returns its new version.
// The first call sets up the tenant. expected is the version that it replaces; 0 replaces any.
func (t *Tenant) Configure(ctx context.Context, profile any, expected uint64) (uint64, error) {
	written, err := text(profile)
	if err != nil {
		return 0, err
	}
	given := arguments{"profile": written}
	if expected != 0 {
		given["expected"] = expected
	}
	return t.version(ctx, "configure", given)
}

// version returns the version that a function returns.
func (t *Tenant) version(ctx context.Context, function string, given arguments) (uint64, error) {
	found, err := administered[json.RawMessage](ctx, t, function, given)
	if err != nil {
		return 0, err
	}
	return wide(found)
}

// Profile returns the profile as it was set, and its version. It contains the secrets of webhooks:
// do not display it.
func (t *Tenant) Profile(ctx context.Context) (profile json.RawMessage, version uint64, err error) {
	pair, err := administered[[2]json.RawMessage](ctx, t, "profile", nil)
	if err != nil {
		return nil, 0, err
	}
	var written string
	if err := json.Unmarshal(pair[0], &written); err != nil {
		return nil, 0, err
	}
	version, err = wide(pair[1])
	return json.RawMessage(written), version, err
}

// Set changes settings of the profile, each named by a path such as users.seats: all of them, or
// none. A nil removes one. It returns the profile's new version.
func (t *Tenant) Set(ctx context.Context, settings map[string]any) (uint64, error) {
	pairs := [][2]string{}
	for path, value := range settings {
		written, err := json.Marshal(value)
		if err != nil {
			return 0, &failure{ErrInvalid, path, err}
		}
		pairs = append(pairs, [2]string{path, string(written)})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return t.version(ctx, "set", arguments{"settings": pairs})
}

// Explain explains a profile in sentences. A problem names the field that is wrong.
func (t *Tenant) Explain(ctx context.Context, profile any) ([]string, error) {
	written, err := text(profile)
	if err != nil {
		return nil, err
	}
	found, err := administered[string](ctx, t, "explain", arguments{"profile": written})
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimRight(found, "\n"), "\n"), nil
}

// Webhooks returns the webhooks of the profile.
func (t *Tenant) Webhooks(ctx context.Context) ([]Webhook, error) {
	return administered[[]Webhook](ctx, t, "webhooks", nil)
}

// IssueCredential issues a credential for a client.
func (t *Tenant) IssueCredential(
	ctx context.Context, request CredentialRequest,
) (*Issued, error) {
	given := arguments{
		"tenant": t.name, "label": request.Label, "scheme": "bearer",
		"scopes": append([]string{}, request.Scopes...),
		"role":   optional(request.Role), "target-group": optional(request.TargetGroup),
	}
	if request.Scheme != "" {
		given["scheme"] = request.Scheme
	}
	switch seconds := int64(request.Lifetime / time.Second); {
	case request.Lifetime == 0:
	case seconds <= 0:
		return nil, &failure{kind: ErrInvalid, sentence: "a lifetime is at least a second"}
	default:
		given["lifetime-seconds"] = seconds
	}
	return administered[*Issued](ctx, t, "issue-credential", arguments{"request": given})
}

// RotateCredential gives a credential a new secret, whose lifetime starts now. The old secret is
// refused at once, or after the time that the profile sets.
func (t *Tenant) RotateCredential(ctx context.Context, id string) (*Issued, error) {
	return administered[*Issued](ctx, t, "rotate-credential", arguments{"id": id})
}

// RevokeCredential revokes a credential from the next request on. Revoking it again has no effect.
func (t *Tenant) RevokeCredential(ctx context.Context, id string) error {
	return t.admin(ctx, "revoke-credential", arguments{"id": id})
}

// Credentials returns all credentials in order of creation, also revoked and expired ones.
func (t *Tenant) Credentials(ctx context.Context) ([]Credential, error) {
	return administered[[]Credential](ctx, t, "credentials", nil)
}

// AddIdentityProvider adds an identity provider of the product. With auto-provisioning it gets a
// credential; otherwise that is nil.
func (t *Tenant) AddIdentityProvider(
	ctx context.Context, name string, autoProvisioning bool,
) (*Issued, error) {
	return administered[*Issued](ctx, t, "add-identity-provider", arguments{
		"tenant": t.name, "name": name, "auto-provisioning": autoProvisioning,
	})
}

// IdentityProviders returns the identity providers of the product.
func (t *Tenant) IdentityProviders(ctx context.Context) ([]IdentityProvider, error) {
	return administered[[]IdentityProvider](ctx, t, "identity-providers", nil)
}

// ImportUsers imports at most 500 users that no client has provisioned yet, and returns their
// outcomes in order. A user that is wrong, or whose userName is in use, is skipped.
func (t *Tenant) ImportUsers(ctx context.Context, users ...any) ([]Imported, error) {
	documents := []string{}
	for place, user := range users {
		written, err := text(user)
		if err != nil {
			return nil, fmt.Errorf("user %d: %w", place, err)
		}
		documents = append(documents, written)
	}
	return administered[[]Imported](ctx, t, "import-users", arguments{"users": documents})
}

// Users returns a page of at most count users as the product sees them. filter is one of RFC 7644
// section 3.4.2.2, or empty; cursor is empty for the first page, then the one of the page before.
func (t *Tenant) Users(
	ctx context.Context, filter, cursor string, count int,
) (*UserPage, error) {
	found, err := administered[string](ctx, t, "users", arguments{
		"filter": optional(filter), "cursor": cursor, "count": count,
	})
	if err != nil {
		return nil, err
	}
	var page UserPage
	return &page, json.Unmarshal([]byte(found), &page)
}

// User returns one user as the product sees it, also with its id of the user, its roles and seats.
func (t *Tenant) User(ctx context.Context, id string) (json.RawMessage, error) {
	found, err := administered[string](ctx, t, "user", arguments{"id": id})
	return json.RawMessage(found), err
}

// LinkUser links an imported user to the identity provider, with this externalId if it is not
// empty.
func (t *Tenant) LinkUser(ctx context.Context, id, externalID string) error {
	return t.admin(ctx, "link-user", arguments{"id": id, "external-id": optional(externalID)})
}

// DeactivateUser deactivates a user, as a client does with active: false.
func (t *Tenant) DeactivateUser(ctx context.Context, id string) error {
	return t.admin(ctx, "deactivate-user", arguments{"id": id})
}

// ReactivateUser reactivates a user, also one that a client removed. It is refused if no seat is
// left, or if the profile does not let the product do it.
func (t *Tenant) ReactivateUser(ctx context.Context, id string) error {
	return t.admin(ctx, "reactivate-user", arguments{"id": id})
}

// EraseUser removes the user and all personal data, in events too.
func (t *Tenant) EraseUser(ctx context.Context, id string) error {
	return t.admin(ctx, "erase-user", arguments{"id": id})
}

// AssignRoles replaces the roles that are assigned to the user directly.
func (t *Tenant) AssignRoles(ctx context.Context, user string, roles ...string) error {
	return t.admin(ctx, "assign-roles", arguments{
		"user": user, "roles": append([]string{}, roles...),
	})
}

// AssignGroup replaces the roles and seats that membership in a group gives; group is its id or its
// name. It is refused if there are too few seats.
func (t *Tenant) AssignGroup(ctx context.Context, group string, assignment Assignment) error {
	return t.admin(ctx, "assign-group", arguments{
		"group": group,
		"assignment": arguments{
			"roles":     append([]string{}, assignment.Roles...),
			"seat-type": optional(assignment.SeatType),
		},
	})
}

// Assignments returns the groups that give roles or seats, by their ids.
func (t *Tenant) Assignments(ctx context.Context) (map[string]Assignment, error) {
	pairs, err := administered[[][2]json.RawMessage](ctx, t, "assignments", nil)
	if err != nil {
		return nil, err
	}
	found := map[string]Assignment{}
	for _, pair := range pairs {
		var group string
		var assignment Assignment
		if err := json.Unmarshal(pair[0], &group); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(pair[1], &assignment); err != nil {
			return nil, err
		}
		found[group] = assignment
	}
	return found, nil
}

// AddReference records that an object of the product refers to a person by e-mail address, as an
// owner does. Recording it again has no effect.
func (t *Tenant) AddReference(ctx context.Context, email, kind, id string) error {
	return t.admin(ctx, "add-reference", arguments{"email": email, "kind": kind, "id": id})
}

// References returns the objects that refer to this address.
func (t *Tenant) References(ctx context.Context, email string) ([]Reference, error) {
	return administered[[]Reference](ctx, t, "references", arguments{"email": email})
}

// Maintain does the maintenance that is due, and returns the latest time of the next call; zero for
// none.
func (t *Tenant) Maintain(ctx context.Context) (time.Time, error) {
	due, err := administered[Time](ctx, t, "maintain", nil)
	return due.Time, err
}
