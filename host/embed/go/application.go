package scimlet

import (
	"context"
	"database/sql"
	"encoding/json"
)

// Application is called once for each change of a user, a group or another resource before its
// commit, in the order of the events. What it does by tx happens if the change does.
//
// It returns the application's own id of the resource, such as that of its row, or an empty text to
// leave it as it is. An error gives the change up: the client gets the sentence of [InvalidChange]
// or [ForbiddenChange], and 503 for any other error. A transaction may be rolled back and repeated,
// and the function with it: do here only what a rollback undoes, and the rest upon the event. It
// must not end the transaction.
//
// What the application changes itself through [Tenant] is not told, but for erasures.
type Application func(ctx context.Context, change *Change, tx Tx) (productID string, err error)

// Tx is a transaction: a *sql.Tx, or a *sql.Conn on which one was begun.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Step is what happens to a resource.
type Step string

const (
	// Created: a client creates it.
	Created Step = "created"
	// Linked: a client takes over a record that the product had.
	Linked Step = "linked"
	// Updated: it changes, and none of the other steps applies.
	Updated Step = "updated"
	// Deactivated: the user loses access.
	Deactivated Step = "deactivated"
	// Reactivated: the user regains access, also one that a client had deleted.
	Reactivated Step = "reactivated"
	// Removed: a client deletes it. Where the profile keeps the record, Change.After is that record.
	Removed Step = "removed"
	// Erased: the application erases it.
	Erased Step = "erased"
)

// Identity is a resource, by the id that clients know and by the application's own one.
type Identity struct {
	// ResourceType is User, Group or another.
	ResourceType string `json:"resource-type"`
	ID           string `json:"id"`
	// ProductID is empty if the application has given none.
	ProductID string `json:"product-id"`
}

// Effect is an instruction of the profile to the application, which is also an event.
type Effect struct {
	// Name is revoke-sessions, grant-roles, withdraw-seat or another.
	Name string `json:"name"`
	// Group grants or withdraws the roles or the seat; nil if there is none.
	Group    *Identity `json:"group"`
	Roles    []string  `json:"roles"`
	SeatType string    `json:"seat-type"`
	// Groups are those that the user leaves.
	Groups []Identity `json:"groups"`
	// References are the kind and the id of each object that refers to the user.
	References [][2]string `json:"references"`
}

// Change is what is about to happen to a resource.
type Change struct {
	Identity
	// Tenant is the tenant's name.
	Tenant string `json:"-"`
	Step   Step   `json:"step"`
	// Attributes are the paths of what differs.
	Attributes []string `json:"attributes"`
	// Before and After are documents as the product sees them, without members and groups. Before
	// is nil where there was none, After where nothing remains.
	Before         json.RawMessage `json:"-"`
	After          json.RawMessage `json:"-"`
	MembersAdded   []Identity      `json:"members-added"`
	MembersRemoved []Identity      `json:"members-removed"`
	Effects        []Effect        `json:"effects"`
}

// UnmarshalJSON reads a change as the module writes it.
func (c *Change) UnmarshalJSON(text []byte) error {
	type plain Change
	var wire struct {
		plain
		Before *string `json:"before"`
		After  *string `json:"after"`
	}
	if err := json.Unmarshal(text, &wire); err != nil {
		return err
	}
	*c = Change(wire.plain)
	if wire.Before != nil {
		c.Before = json.RawMessage(*wire.Before)
	}
	if wire.After != nil {
		c.After = json.RawMessage(*wire.After)
	}
	return nil
}

// Refusal is an error by which an [Application] refuses a change.
type Refusal struct {
	// Status is 400 or 403.
	Status   int
	Sentence string
}

func (r *Refusal) Error() string { return r.Sentence }

// InvalidChange returns an error by which an [Application] refuses a change that is wrong for it:
// the client gets 400 with this sentence, and nothing happens.
func InvalidChange(sentence string) error { return &Refusal{400, sentence} }

// ForbiddenChange returns an error by which an [Application] refuses a change that the client may
// not make: it gets 403 with this sentence, and nothing happens.
func ForbiddenChange(sentence string) error { return &Refusal{403, sentence} }

// User is what most applications keep of a user. The whole document is in [Change.After].
type User struct {
	UserName   string
	ExternalID string
	// DisplayName and the other names are empty if the client does not send them.
	DisplayName string
	Name        struct{ Formatted, GivenName, FamilyName string }
	Emails      []Email
	// Active is false where the user has no access.
	Active bool
}

// Email is an address of a user.
type Email struct {
	Value, Type string
	Primary     bool
}

// User returns the user as it is after the change: inactive, and without a name, where nothing
// remains of it. It is nil if the change is not about a user.
func (c *Change) User() *User {
	if c.ResourceType != "User" {
		return nil
	}
	if c.After == nil {
		return &User{}
	}
	user := &User{Active: true} // It is so where the document does not say (RFC 7643 section 4.1.1).
	// Attributes of another type, which a profile may define, stay as they are.
	_ = json.Unmarshal(c.After, user)
	return user
}
