package scimlet

import "context"

// Migrate makes the tables, or brings older ones up to date. Of many processes one does it.
func (p *Provider) Migrate(ctx context.Context) error {
	return p.result(ctx, "", "tables.migrate", nil, nil)
}

// Tenants returns all tenants in the order of their names.
func (p *Provider) Tenants(ctx context.Context) ([]TenantRecord, error) {
	return resulting[[]TenantRecord](ctx, p, "", "tables.tenants", nil)
}

// CreateTenant makes a tenant; false if there is one of this name. A name has 1 to 63 of a to z, 0
// to 9 and -.
func (p *Provider) CreateTenant(ctx context.Context, name string) (isNew bool, err error) {
	return resulting[bool](ctx, p, "", "tables.create-tenant", map[string]any{"name": name})
}

// DeleteTenant removes a tenant and all that it has; false if there is none of this name.
func (p *Provider) DeleteTenant(ctx context.Context, name string) (wasThere bool, err error) {
	return resulting[bool](ctx, p, "", "tables.delete-tenant", map[string]any{"name": name})
}

// resulting returns the value of the result of a function.
func resulting[T any](
	ctx context.Context, p *Provider, tenant, function string, arguments map[string]any,
) (value T, err error) {
	err = p.result(ctx, tenant, function, arguments, &value)
	return value, err
}
