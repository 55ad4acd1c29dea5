package scimlet

import (
	"context"
	"encoding/json"
	"errors"
)

// refused is the error of an application that refused or failed.
type refused struct{ kind, sentence string }

func (r *refused) Error() string { return r.sentence }

// beforeCommit asks the application about changes, and returns its ids of them.
func (p *port) beforeCommit(changes []*Change) ([]byte, error) {
	// To release it fails if the application ended the transaction, or left it aborted.
	if err := p.command(p.running(), "SAVEPOINT scimlet_application"); err != nil {
		return nil, err
	}
	ids, err := p.ask(changes)
	if err != nil {
		return nil, p.applicationFailed(err)
	}
	if err := p.command(p.running(), "RELEASE SAVEPOINT scimlet_application"); err != nil {
		return nil, p.applicationFailed(err)
	}
	return json.Marshal(map[string]any{"return": map[string]any{"ok": ids}})
}

// ask returns what the application says of changes.
func (p *port) ask(changes []*Change) ([]any, error) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel() // It closes rows that the application left open.
	ids := make([]any, len(changes))
	for place, change := range changes {
		change.Tenant = p.tenant
		id, err := p.application(ctx, change, p.tx)
		if err != nil {
			return nil, err
		}
		ids[place] = optional(id)
	}
	return ids, nil
}

// applicationFailed returns what an error of the application's says to the module.
func (p *port) applicationFailed(err error) error {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		if refusal.Status == 403 {
			return &refused{"forbidden", refusal.Sentence}
		}
		return &refused{"invalid", refusal.Sentence}
	}
	if p.ctx.Err() != nil {
		return err
	}
	text := sentence(err)
	if p.dialect.kind(err) == again {
		return &refused{"again", text}
	}
	p.logger.ErrorContext(p.ctx, "the application failed", "tenant", p.tenant, "error", text)
	return &refused{"failed", text}
}
