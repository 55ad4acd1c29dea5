package scimlet

import (
	"encoding/json"
	"errors"
	"fmt"

	"scimlet.dev/scimlet/internal/instance"
)

// The kinds of errors, for errors.Is. The text of an error is for the operator's log, not for
// clients.
var (
	// ErrNotFound says that nothing has this id, or that there is no tenant of this name.
	ErrNotFound = errors.New("not found")
	// ErrStale says that it was changed meanwhile: read it and try again.
	ErrStale = errors.New("stale")
	// ErrInvalid says that an argument is wrong; the error says which and why.
	ErrInvalid = errors.New("invalid")
	// ErrRefused says that the arguments are right, but that the tenant's state does not allow the
	// call; the error says why.
	ErrRefused = errors.New("refused")
	// ErrUnavailable says that the database failed. Where it failed during a commit, whether that
	// happened is unknown.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnsuitable says that the tables are of a newer version of scimlet, or are not scimlet's.
	ErrUnsuitable = errors.New("unsuitable")
	// ErrFault says that a call ended without an answer: it took too much memory or time, or
	// scimlet has a bug. What it had committed stands; the next call gets a fresh instance.
	ErrFault = instance.ErrFault
)

// failure is an error of one of these kinds, with a sentence.
type failure struct {
	kind     error
	sentence string
	cause    error
}

func (f *failure) Error() string {
	if f.cause != nil {
		return fmt.Sprintf("%v: %s: %v", f.kind, f.sentence, f.cause)
	}
	return fmt.Sprintf("%v: %s", f.kind, f.sentence)
}

// Unwrap returns the kind, and what led to the error.
func (f *failure) Unwrap() []error {
	if f.cause == nil {
		return []error{f.kind}
	}
	return []error{f.kind, f.cause}
}

// kinds are the error cases of wit/admin.wit and wit/tables.wit.
var kinds = map[string]error{
	"not-found":   ErrNotFound,
	"unknown":     ErrNotFound,
	"stale":       ErrStale,
	"invalid":     ErrInvalid,
	"refused":     ErrRefused,
	"unavailable": ErrUnavailable,
	"unsuitable":  ErrUnsuitable,
}

// result is a result of the module's.
type result struct {
	OK  json.RawMessage `json:"ok"`
	Err json.RawMessage `json:"err"`
}

// error returns the error that an error case is; nil if there is none.
func (r *result) error() error {
	if r.Err == nil {
		return nil
	}
	var name string
	if json.Unmarshal(r.Err, &name) == nil {
		return problem(name, "nothing has this id or name")
	}
	var variant map[string]string
	if err := json.Unmarshal(r.Err, &variant); err != nil {
		return fmt.Errorf("the module answered %s: %w", r.Err, err)
	}
	for name, sentence := range variant {
		return problem(name, sentence)
	}
	return fmt.Errorf("the module answered %s", r.Err)
}

func problem(name, sentence string) error {
	kind, isKnown := kinds[name]
	if !isKnown {
		return fmt.Errorf("%s: %s", name, sentence)
	}
	if name == "stale" {
		sentence = "it was changed meanwhile"
	}
	return &failure{kind: kind, sentence: sentence}
}
