// Package scimlet is SCIM 2.0 provisioning (RFC 7643, RFC 7644) inside an application, over its own
// database: identity providers such as Okta and Entra ID create, change and deactivate users and
// groups, and the application's own tables follow in the same transaction.
package scimlet

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"scimlet.dev/scimlet/internal/instance"
	"scimlet.dev/scimlet/internal/module"
)

// code is the plugin.
var code = instance.NewCode(
	func(imports instance.Imports) instance.Module { return module.New(imports) },
	`{"call":"provider.prepare"}`,
)

// idleInstances is how many idle instances are kept. Each has some MiB.
const idleInstances = 32

// Options are what [New] can do without. The zero value is good.
type Options struct {
	// Application hears of each change before its commit; nil for nobody.
	Application Application
	// IdleInstances is how many idle instances of the module are kept, of all tenants together:
	// 32 if it is 0, and none if it is negative.
	IdleInstances int
	// Logger gets what an operator may want to know, such as why a request was refused;
	// slog.Default if it is nil. Nothing that it gets contains a secret.
	Logger *slog.Logger
}

// Provider is SCIM over a database. Any number of goroutines may use it.
type Provider struct {
	db          *sql.DB
	dialect     Dialect
	application Application
	logger      *slog.Logger
	pool        *instance.Pool
	rates       *rates
	// joined is the transaction of the application's that calls are part of.
	joined Tx
}

// New returns a provider over a database. Each call takes a connection of it, for the time of the
// call. It panics if the dialect is none.
func New(db *sql.DB, dialect Dialect, options *Options) *Provider {
	if dialect != SQLite && dialect != PostgreSQL {
		panic(fmt.Sprintf("scimlet: there is no dialect %q", dialect))
	}
	if options == nil {
		options = &Options{}
	}
	most := options.IdleInstances
	if most == 0 {
		most = idleInstances
	}
	logger := options.Logger
	if logger == nil {
		logger = slog.Default()
	}
	return &Provider{
		db: db, dialect: dialect, application: options.Application, logger: logger,
		pool:  code.NewPool(max(most, 0), instance.Computing),
		rates: newRates(),
	}
}

// Open returns a provider like [New], with its tables made or brought up to date, as by
// [Provider.Migrate].
func Open(
	ctx context.Context, db *sql.DB, dialect Dialect, options *Options,
) (*Provider, error) {
	made := New(db, dialect, options)
	if err := made.Migrate(ctx); err != nil {
		return nil, err
	}
	return made, nil
}

// On returns the provider over a transaction of the application's. What is done there becomes part
// of it, by a savepoint, and is the application's to commit.
func (p *Provider) On(tx Tx) *Provider {
	joined := *p
	joined.joined = tx
	return &joined
}

// Tenant returns the tenant of this name. Whether there is one shows when it is used.
func (p *Provider) Tenant(name string) *Tenant { return &Tenant{provider: p, name: name} }

// TenantOf returns the tenant that the Authorization header claims, unverified; empty if it names
// none. It needs no database.
func (p *Provider) TenantOf(ctx context.Context, header http.Header) (string, error) {
	text, err := textOf(call{
		Call: "provider.tenant-of", Arguments: map[string]any{"headers": pairs(header)},
	})
	if err != nil {
		return "", err
	}
	nobody := func([]byte) ([]byte, error) { return nil, ErrFault }
	answer, err := p.pool.Call(ctx, "", text, nobody)
	if err != nil {
		return "", err
	}
	var name string
	return name, returned(answer, &name)
}

// call is the text of a call.
type call struct {
	Call        string         `json:"call"`
	Arguments   map[string]any `json:"arguments"`
	Now         int64          `json:"now,omitempty"`
	Seed        string         `json:"seed,omitempty"`
	Database    *database      `json:"database,omitempty"`
	Application bool           `json:"application,omitempty"`
}

type database struct {
	Dialect Dialect `json:"dialect"`
	Tenant  string  `json:"tenant"`
}

// call calls a function of wit/ for a tenant, and puts what it returned into a value.
func (p *Provider) call(
	ctx context.Context, tenant, function string, arguments map[string]any, into any,
) error {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // It ends the process if it fails.
	text, err := textOf(call{
		Call: function, Arguments: arguments,
		Now: time.Now().UnixMilli(), Seed: hex.EncodeToString(seed),
		Database:    &database{p.dialect, tenant},
		Application: p.application != nil,
	})
	if err != nil {
		return err
	}
	port, err := p.port(ctx, tenant)
	if err != nil {
		return err
	}
	defer port.close()
	answer, err := p.pool.Call(ctx, tenant, text, port.answer)
	if err != nil {
		return err
	}
	return returned(answer, into)
}

func (p *Provider) port(ctx context.Context, tenant string) (*port, error) {
	port := &port{
		dialect: p.dialect, application: p.application, logger: p.logger,
		tenant: tenant, ctx: ctx, tx: p.joined,
	}
	if p.joined != nil {
		return port, nil
	}
	connection, err := p.db.Conn(ctx)
	if err != nil {
		return nil, &failure{ErrUnavailable, "there is no connection", err}
	}
	port.tx, port.own = connection, connection
	return port, nil
}

// result calls a function that returns a result, and puts its value into one.
func (p *Provider) result(
	ctx context.Context, tenant, function string, arguments map[string]any, into any,
) error {
	var result result
	if err := p.call(ctx, tenant, function, arguments, &result); err != nil {
		return err
	}
	if err := result.error(); err != nil {
		return err
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(result.OK, into)
}

// textOf returns the text of a call.
func textOf(call call) ([]byte, error) {
	if err := checkText(call.Arguments); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(call); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// checkText returns an error if a text is not UTF-8: encoding/json would change it.
func checkText(value any) error {
	switch value := value.(type) {
	case string:
		if !utf8.ValidString(value) {
			return &failure{kind: ErrInvalid, sentence: "a text is not UTF-8"}
		}
	case []string:
		for _, one := range value {
			if err := checkText(one); err != nil {
				return err
			}
		}
	case [][2]string:
		for _, one := range value {
			if err := checkText(one[:]); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, one := range value {
			if err := checkText(one); err != nil {
				return err
			}
		}
	}
	return nil
}

// returned puts the value of the module's answer into a value.
func returned(answer []byte, into any) error {
	value := struct {
		Return any     `json:"return"`
		Error  *string `json:"error"`
	}{Return: into}
	if err := json.Unmarshal(answer, &value); err != nil {
		return fmt.Errorf("the module's answer: %w", err)
	}
	if value.Error != nil {
		return errors.New("scimlet: " + *value.Error)
	}
	return nil
}

// optional returns nil for an empty text.
func optional(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// pairs returns the headers as the module takes them. Their bytes need not be UTF-8.
func pairs(header http.Header) [][2]string {
	found := [][2]string{}
	for name, values := range header {
		for _, value := range values {
			found = append(found, [2]string{name, strings.ToValidUTF8(value, "\uFFFD")})
		}
	}
	return found
}
