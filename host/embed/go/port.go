package scimlet

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// ending is how long the end of a transaction in PostgreSQL may take after a call was cancelled.
const ending = 10 * time.Second

// closing is how long a call waits until its connection is free.
const closing = time.Second

// port answers the calls that the module makes while it runs, over one connection.
type port struct {
	dialect     Dialect
	application Application
	logger      *slog.Logger
	tenant      string
	// ctx is that of the call.
	ctx context.Context
	tx  Tx
	// own is the connection; nil where a transaction of the application's is joined.
	own *sql.Conn
	// open is the transaction that is open.
	open transaction
	// broken is set after a failure that leaves the connection in an unknown state.
	broken bool
}

type transaction int

const (
	none transaction = iota
	whole
	savepoint
)

// question is a call that the module makes.
type question struct {
	Call      string `json:"call"`
	Arguments struct {
		Mode       mode        `json:"mode"`
		Statements []statement `json:"statements"`
		Changes    []*Change   `json:"changes"`
		Note       note        `json:"note"`
	} `json:"arguments"`
}

// answer returns the answer to a call of the module, or an error that ends the module's own call.
func (p *port) answer(text []byte) ([]byte, error) {
	var asked question
	if err := json.Unmarshal(text, &asked); err != nil {
		return nil, fmt.Errorf("a call of the module: %w", err)
	}
	if asked.Call == "journal.write" {
		p.write(asked.Arguments.Note)
		return nil, nil
	}
	if p.ctx.Err() != nil {
		return nil, context.Cause(p.ctx)
	}
	answer, err := p.done(asked)
	if err == nil {
		return answer, nil
	}
	if p.ctx.Err() != nil && !errors.As(err, new(*unknown)) {
		return nil, context.Cause(p.ctx)
	}
	return p.failed(err), nil
}

// done does what the module asks for, and returns the answer.
func (p *port) done(asked question) ([]byte, error) {
	nothing := []byte(`{"return":{"ok":null}}`)
	switch asked.Call {
	case "sql.begin":
		return nothing, p.begin(asked.Arguments.Mode)
	case "sql.execute":
		return p.execute(asked.Arguments.Statements)
	case "sql.commit":
		return nothing, p.commit()
	case "sql.roll-back":
		p.rollBack()
		return []byte(`{"return":null}`), nil
	case "application.before-commit":
		return p.beforeCommit(asked.Arguments.Changes)
	}
	return []byte(`{"error":"there is no such function"}`), nil
}

// unknown is the error of a commit of which nobody knows whether it happened.
type unknown struct{ error }

// failed returns the answer that is an error: a failure of wit/sql.wit, or a refusal of
// wit/application.wit.
func (p *port) failed(err error) []byte {
	name, text := string(failed), sentence(err)
	var isUnknown *unknown
	var isRefused *refused
	switch {
	case errors.As(err, &isUnknown):
		name, text = "unknown", sentence(isUnknown.error)
	case errors.As(err, &isRefused):
		name, text = isRefused.kind, isRefused.sentence
	case p.dialect.kind(err) == again:
		name = string(again)
	}
	answer, err := json.Marshal(map[string]any{
		"return": map[string]any{"err": map[string]string{name: text}},
	})
	if err != nil {
		panic(err) // Texts only.
	}
	return answer
}

// noticed returns the error of a driver, and remembers what it says of the connection.
func (p *port) noticed(err error) error {
	if err != nil && p.dialect.kind(err) == lost {
		p.broken = true
	}
	return err
}

// command executes a statement without rows.
func (p *port) command(ctx context.Context, text string) error {
	_, err := p.tx.ExecContext(ctx, text)
	return p.noticed(err)
}

// lasting returns a context for what has to be done also where the call is cancelled.
func (p *port) lasting() (context.Context, context.CancelFunc) {
	ctx := context.WithoutCancel(p.ctx)
	if p.dialect == SQLite {
		return ctx, func() {} // It waits for nobody, and must not be interrupted.
	}
	return context.WithTimeout(ctx, ending)
}

// running returns the context of a statement.
func (p *port) running() context.Context {
	if p.own == nil && p.dialect == SQLite {
		// With a write that is interrupted, SQLite undoes all of the application's transaction.
		return context.WithoutCancel(p.ctx)
	}
	return p.ctx
}

func (p *port) begin(mode mode) error {
	text, open := p.dialect.begin(mode), whole
	if p.own == nil {
		text, open = "SAVEPOINT scimlet", savepoint
	}
	if err := p.command(p.running(), text); err != nil {
		if p.ctx.Err() != nil && p.own != nil {
			p.open = open // It may have been executed nevertheless.
		}
		return err
	}
	p.open = open
	return nil
}

func (p *port) commit() error {
	ctx, cancel := p.lasting()
	defer cancel()
	if p.open == savepoint {
		if err := p.command(ctx, "RELEASE SAVEPOINT scimlet"); err != nil {
			return err
		}
		p.open = none
		return nil
	}
	err := p.command(ctx, "COMMIT")
	if err != nil {
		if p.dialect.kind(err) == lost {
			return &unknown{err}
		}
		return err
	}
	p.open = none
	return nil
}

func (p *port) rollBack() {
	open := p.open
	p.open = none
	if open == none {
		return
	}
	ctx, cancel := p.lasting()
	defer cancel()
	wasBroken := p.broken
	var err error
	if open == whole {
		err = p.command(ctx, "ROLLBACK")
	} else if err = p.command(ctx, "ROLLBACK TO SAVEPOINT scimlet"); err == nil {
		err = p.command(ctx, "RELEASE SAVEPOINT scimlet")
	}
	if err == nil || p.dialect.isIdle(err) {
		return
	}
	p.broken = true
	// There is nothing more to say of a connection that was lost before.
	if !wasBroken && p.ctx.Err() == nil {
		p.logger.WarnContext(p.ctx, "a transaction was not undone",
			"tenant", p.tenant, "error", sentence(err))
	}
}

// execute returns the rows of each statement.
func (p *port) execute(statements []statement) ([]byte, error) {
	if p.open != none || p.own != nil || p.dialect == SQLite {
		return p.rows(statements)
	}
	// Where a statement fails outside a savepoint, PostgreSQL gives up the whole transaction.
	if err := p.begin("read"); err != nil {
		return nil, err
	}
	answer, err := p.rows(statements)
	if err != nil {
		p.rollBack()
		return nil, err
	}
	return answer, p.commit()
}

func (p *port) rows(statements []statement) ([]byte, error) {
	answer := []byte(`{"return":{"ok":[`)
	for place, one := range statements {
		if place > 0 {
			answer = append(answer, ',')
		}
		var err error
		if answer, err = p.appendRows(answer, one); err != nil {
			return nil, p.noticed(err)
		}
	}
	return append(answer, "]}}"...), nil
}

func (p *port) appendRows(to []byte, statement statement) ([]byte, error) {
	arguments := make([]any, len(statement.Parameters))
	for place, parameter := range statement.Parameters {
		arguments[place] = parameter.value
	}
	rows, err := p.tx.QueryContext(p.running(), statement.Text, arguments...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // What is wrong is in Err.
	return appendRows(to, rows)
}

// note is an entry of the journal.
type note struct {
	Level string `json:"level"`
	Topic string `json:"topic"`
	Text  string `json:"text"`
}

func (p *port) write(note note) {
	var level slog.Level
	if level.UnmarshalText([]byte(note.Level)) != nil {
		level = slog.LevelInfo
	}
	p.logger.Log(p.ctx, level, note.Topic, "tenant", p.tenant, "text", note.Text)
}

// close undoes what was not committed, as after a call that was given up, and gives back the
// connection.
func (p *port) close() {
	p.rollBack()
	if p.own == nil {
		return
	}
	var err error
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		if p.broken {
			// The pool forgets a connection that is said to be bad.
			_ = p.own.Raw(func(any) error { return driver.ErrBadConn })
		}
		err = p.own.Close()
	}()
	select {
	case <-closed:
	case <-time.After(closing):
		p.logger.WarnContext(p.ctx, "the application left rows open: their connection is not free",
			"tenant", p.tenant)
		return
	}
	if err != nil && !p.broken {
		p.logger.WarnContext(p.ctx, "a connection was lost",
			"tenant", p.tenant, "error", sentence(err))
	}
}
