package scimlet

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Request is a request as an HTTP server received it.
type Request struct {
	Method string
	// Path is below the base URL and, like Query, still percent-encoded.
	Path, Query string
	Header      http.Header
	Body        string
}

// Response is the answer to a Request. It has no Content-Length.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Origin is what the application knows of a request beyond the request itself.
type Origin struct {
	// BaseURL is what the request's path is relative to, as in
	// https://app.example.com/scim/v2.
	BaseURL string
	// ClientAddress is the client's IP address; empty if it is not known.
	ClientAddress string
	// Client names a provisioning client that the application has authenticated itself.
	Client string
	// User is the SCIM id of an end user of the application, who may use only /Me. Without Client
	// and User the Authorization header is checked.
	User string
}

// Admitted is a client whose credential is good.
type Admitted struct {
	// Actor is the client, as events name it.
	Actor string `json:"actor"`
	// Rate is how many requests a second the profile allows all clients together; nil for no limit.
	Rate *int `json:"rate"`
	// Open is false while each request of this client is answered with 403.
	Open bool `json:"open"`
	// ByAddress is whether the profile admits only some addresses.
	ByAddress bool `json:"by-address"`
}

// Time is a time, to the millisecond. It is zero where there is none.
type Time struct{ time.Time }

// UnmarshalJSON reads milliseconds since 1970, as a number or as text, or null.
func (t *Time) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	number, err := wide(text)
	t.Time = time.UnixMilli(int64(number))
	return err
}

// wide returns a number, which is text beyond 2^53.
func wide(text []byte) (uint64, error) {
	if len(text) > 1 && text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	return strconv.ParseUint(string(text), 10, 64)
}

// Credential is a credential of a client. Nothing here is secret.
type Credential struct {
	ID     string   `json:"id"`
	Label  string   `json:"label"`
	Scheme string   `json:"scheme"`
	Scopes []string `json:"scopes"`
	// Role and TargetGroup are empty if there is none.
	Role        string `json:"role"`
	TargetGroup string `json:"target-group"`
	Created     Time   `json:"created"`
	Expires     Time   `json:"expires"`
	Revoked     Time   `json:"revoked"`
	// LastUsed is the beginning of the hour of the last use.
	LastUsed Time `json:"last-used"`
}

// Issued is a credential with its secret, which cannot be read again.
type Issued struct {
	Credential Credential `json:"credential"`
	// Username is empty but for the scheme basic.
	Username string `json:"username"`
	Secret   string `json:"secret"`
}

// CredentialRequest says what a credential is for.
type CredentialRequest struct {
	// Label is for the operator: Okta production.
	Label string
	// Scheme is how the client presents it, bearer or basic; empty for bearer.
	Scheme string
	// Lifetime is to the second; zero for the profile's lifetime.
	Lifetime time.Duration
	// Scopes limit the client to the areas users, groups and events, and to read-only and bulk
	// there. Without an area it may do all but read events.
	Scopes []string
	// Role is one of the profile's roles; empty for none.
	Role string
	// TargetGroup is the id or the name of the group to which users are added that the client
	// creates; empty for none.
	TargetGroup string
}

// IdentityProvider is an identity provider of the product.
type IdentityProvider struct {
	Name             string `json:"name"`
	AutoProvisioning bool   `json:"auto-provisioning"`
	// Credential is the id of its credential; empty if there is none.
	Credential string `json:"credential"`
	Created    Time   `json:"created"`
}

// Imported is the outcome for one user of an import: its id, or why it was skipped.
type Imported struct {
	ID      string `json:"made"`
	Skipped string `json:"skipped"`
}

// Assignment is the roles and seats that membership in a group gives.
type Assignment struct {
	Roles []string `json:"roles"`
	// SeatType is one of the profile's; empty for none.
	SeatType string `json:"seat-type,omitempty"`
}

// Reference is a reference from an object of the application to a person's e-mail address.
type Reference struct {
	Email string `json:"email"`
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	// User is the active user with this address now; empty if there is none.
	User string `json:"user"`
}

// Webhook is a receiver of the tenant's events, to which the application delivers them.
type Webhook struct {
	URL string `json:"url"`
	// Secret signs deliveries.
	Secret string `json:"secret"`
	// Events are names of events or prefixes of names; empty for all of the channel feed.
	Events []string `json:"events"`
	// RetrySeconds is how long a delivery is retried.
	RetrySeconds uint64 `json:"retry-seconds"`
	// Since is when it was added: earlier events are not delivered.
	Since Time `json:"since"`
}

// UserPage is a page of users as the product sees them.
type UserPage struct {
	TotalResults int `json:"totalResults"`
	// Resources are User documents.
	Resources []json.RawMessage `json:"Resources"`
	// NextCursor is empty on the last page.
	NextCursor string `json:"nextCursor"`
}

// TenantRecord is a tenant's name, and when it was made.
type TenantRecord struct {
	Name    string `json:"name"`
	Created Time   `json:"created"`
}

// Subject is what an event is about.
type Subject struct {
	// Kind is a resource type, such as User, or another kind of entry.
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// Event is what a commit did, as it is stored.
type Event struct {
	// Sequence counts from 1, in the order of commits.
	Sequence uint64 `json:"-"`
	At       Time   `json:"at"`
	Actor    string `json:"actor"`
	// Channel is feed or audit.
	Channel string `json:"channel"`
	Name    string `json:"name"`
	// Subject is nil if the event is about none.
	Subject *Subject `json:"subject"`
	// Body is a JSON object. An erasure empties it.
	Body json.RawMessage `json:"-"`
}

// UnmarshalJSON reads an event as the module writes it.
func (e *Event) UnmarshalJSON(text []byte) error {
	type plain Event
	var wire struct {
		plain
		Sequence json.RawMessage `json:"sequence"`
		Body     string          `json:"body"`
	}
	if err := json.Unmarshal(text, &wire); err != nil {
		return err
	}
	*e = Event(wire.plain)
	e.Body = json.RawMessage(wire.Body)
	if wire.Body == "" {
		e.Body = json.RawMessage("{}")
	}
	var err error
	e.Sequence, err = wide(wire.Sequence)
	return err
}
