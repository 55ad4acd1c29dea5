package scimlet

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/textproto"
	"strings"
	"time"
)

// pageOfEvents is how many events Follow reads at once.
const pageOfEvents = 100

// Tenant is one tenant. Each function is a call of its own, and a change one commit.
//
// Users, groups and profiles are JSON documents in the forms of RFC 7643. A function takes one as a
// string, a []byte or a json.RawMessage that has its text, or as any value that encoding/json
// writes so. Errors are of the kinds [ErrNotFound], [ErrStale], [ErrInvalid], [ErrRefused],
// [ErrUnavailable] and [ErrFault]. If ctx ends, so does the call, with the error of ctx, and what
// it has not committed is undone; it may have committed before, so that error leaves open whether a
// change happened.
type Tenant struct {
	provider *Provider
	name     string
}

// Name returns the tenant's name.
func (t *Tenant) Name() string { return t.name }

// Handle answers a request, also a wrong one: what is wrong with it is in the response.
func (t *Tenant) Handle(ctx context.Context, origin Origin, request Request) (*Response, error) {
	var answer response
	err := t.provider.call(ctx, t.name, "provider.handle", map[string]any{
		"origin": t.origin(origin),
		"request": map[string]any{
			"method":  request.Method,
			"path":    request.Path,
			"query":   request.Query,
			"headers": pairs(request.Header),
			"body":    request.Body,
		},
	}, &answer)
	if err != nil {
		return nil, err
	}
	return answer.response(), nil
}

// Authorize authenticates a client by its Authorization header, for what the application serves
// itself, and returns the client, or the response to send to it. With a scope, such as events, the
// credential has to have that, too.
func (t *Tenant) Authorize(
	ctx context.Context, origin Origin, header http.Header, scope string,
) (*Admitted, *Response, error) {
	var answer struct {
		OK  *Admitted `json:"ok"`
		Err *response `json:"err"`
	}
	err := t.provider.call(ctx, t.name, "provider.authorize", map[string]any{
		"origin": t.origin(origin), "headers": pairs(header), "scope": optional(scope),
	}, &answer)
	if err != nil {
		return nil, nil, err
	}
	if answer.Err != nil {
		return nil, answer.Err.response(), nil
	}
	return answer.OK, nil, nil
}

func (t *Tenant) origin(origin Origin) map[string]any {
	var caller any = "unknown"
	switch {
	case origin.Client != "":
		caller = map[string]any{"client": map[string]any{"name": origin.Client}}
	case origin.User != "":
		caller = map[string]any{"user": origin.User}
	}
	return map[string]any{
		"tenant":         t.name,
		"base-url":       strings.TrimRight(origin.BaseURL, "/"),
		"client-address": optional(origin.ClientAddress),
		"caller":         caller,
	}
}

// response is a response as the module writes it.
type response struct {
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"`
}

func (r *response) response() *Response {
	header := http.Header{}
	for _, pair := range r.Headers {
		name := textproto.CanonicalMIMEHeaderKey(pair[0])
		header[name] = append(header[name], pair[1])
	}
	return &Response{r.Status, header, r.Body}
}

// Events returns at most so many events after this number, oldest first. There are no more where it
// returns none.
func (t *Tenant) Events(ctx context.Context, after uint64, limit int) ([]Event, error) {
	arguments := map[string]any{"after": after, "limit": limit}
	return resulting[[]Event](ctx, t.provider, t.name, "tables.events", arguments)
}

// Follow yields the events after this number, and then each new one, for which it looks so often.
// It ends after an error, such as that of ctx.
func (t *Tenant) Follow(
	ctx context.Context, after uint64, every time.Duration,
) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			events, err := t.Events(ctx, after, pageOfEvents)
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, event := range events {
				after = event.Sequence
				if !yield(event, nil) {
					return
				}
			}
			if len(events) > 0 {
				continue
			}
			select {
			case <-ctx.Done():
			case <-time.After(every):
			}
		}
	}
}

// arguments are those of a function, by their names in wit/.
type arguments = map[string]any

// admin calls a function of wit/admin.wit that returns nothing.
func (t *Tenant) admin(ctx context.Context, function string, given arguments) error {
	return t.provider.result(ctx, t.name, "admin."+function, given, nil)
}

// administered returns what a function of wit/admin.wit returns.
func administered[T any](
	ctx context.Context, t *Tenant, function string, given arguments,
) (T, error) {
	return resulting[T](ctx, t.provider, t.name, "admin."+function, given)
}

// text returns the text of a document.
func text(document any) (string, error) {
	switch document := document.(type) {
	case string:
		return document, nil
	case []byte:
		return string(document), nil
	case json.RawMessage:
		return string(document), nil
	}
	written, err := json.Marshal(document)
	if err != nil {
		return "", &failure{ErrInvalid, "the document", err}
	}
	return string(written), nil
}
