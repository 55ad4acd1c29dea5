package scimlet

import (
	"context"
	"encoding/json"
)

// CreateUser creates a user of the product, with the product's own id of it if productID is not
// empty, and returns SCIM's. It is refused if the userName or the product's id is in use, or no
// seat is left.
func (t *Tenant) CreateUser(ctx context.Context, user any, productID string) (string, error) {
	return t.create(ctx, "directory.create-user", "user", user, productID)
}

// PatchUser changes a user by a PatchOp document, whose schemas may be absent, by the rules that
// the profile has for the product.
func (t *Tenant) PatchUser(ctx context.Context, id string, patch any) error {
	return t.patch(ctx, "directory.patch-user", id, patch)
}

// CreateGroup creates a group, like CreateUser. Its members have to exist.
func (t *Tenant) CreateGroup(ctx context.Context, group any, productID string) (string, error) {
	return t.create(ctx, "directory.create-group", "group", group, productID)
}

// PatchGroup changes a group, like PatchUser: also its members.
func (t *Tenant) PatchGroup(ctx context.Context, id string, patch any) error {
	return t.patch(ctx, "directory.patch-group", id, patch)
}

// DeleteGroup deletes a group. Roles and seats that it gives are withdrawn from its members.
func (t *Tenant) DeleteGroup(ctx context.Context, id string) error {
	return t.provider.result(ctx, t.name, "directory.delete-group", arguments{"id": id}, nil)
}

// Group returns one group with its members, as the product sees it.
func (t *Tenant) Group(ctx context.Context, id string) (json.RawMessage, error) {
	given := arguments{"id": id}
	found, err := resulting[string](ctx, t.provider, t.name, "directory.group", given)
	return json.RawMessage(found), err
}

// SetProductID sets the product's own id of the resource of this type, such as User, or removes it
// if productID is empty. It is refused if it is in use.
func (t *Tenant) SetProductID(ctx context.Context, resourceType, id, productID string) error {
	return t.provider.result(ctx, t.name, "directory.set-product-id", arguments{
		"resource-type": resourceType, "id": id, "product-id": optional(productID),
	}, nil)
}

// FindByProductID returns SCIM's id of the resource of this type, such as User, that has this id of
// the product's.
func (t *Tenant) FindByProductID(
	ctx context.Context, resourceType, productID string,
) (string, error) {
	given := arguments{"resource-type": resourceType, "product-id": productID}
	return resulting[string](ctx, t.provider, t.name, "directory.find-by-product-id", given)
}

func (t *Tenant) create(
	ctx context.Context, function, kind string, document any, productID string,
) (string, error) {
	written, err := text(document)
	if err != nil {
		return "", err
	}
	given := arguments{kind: written, "product-id": optional(productID)}
	return resulting[string](ctx, t.provider, t.name, function, given)
}

func (t *Tenant) patch(ctx context.Context, function, id string, patch any) error {
	written, err := text(patch)
	if err != nil {
		return err
	}
	given := arguments{"id": id, "patch": written}
	return t.provider.result(ctx, t.name, function, given, nil)
}
