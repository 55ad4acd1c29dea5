// The functions of `wit/admin.wit` and `wit/directory.wit`.

import { returned } from './call.js';
import { type ErrorKind, ScimletError } from './error.js';
import type { Resource } from './hooks.js';
import { fromWit, toWit } from './names.js';

/** A JSON document: as an object, or as a text, whose numbers are then kept to the digit. */
export type Document = Resource | string;

/** The id of the application's own row. */
export type ProductId = string | number | bigint;

export interface CredentialRequest {
  /** For the operator, such as `Okta production`. */
  label: string;
  /** How the client presents it, if the profile allows that; `bearer` by default. */
  scheme?: 'bearer' | 'basic';
  /** The profile's lifetime by default. */
  lifetimeSeconds?: number;
  /** `users`, `groups`, `events`, `read-only`, `bulk`; none: all but reading events. */
  scopes?: string[];
  role?: string;
  /** The id or the name of the group to which users that the client creates are added. */
  targetGroup?: string;
}

/** Times are milliseconds since 1970. */
export interface Credential {
  id: string;
  label: string;
  scheme: string;
  scopes: string[];
  role: string | null;
  targetGroup: string | null;
  created: number;
  expires: number | null;
  revoked: number | null;
  /** The beginning of the hour of the last use. */
  lastUsed: number | null;
}

/** The secret cannot be read again. `username` is for the scheme `basic`. */
export interface Issued {
  credential: Credential;
  username: string | null;
  secret: string;
}

export interface IdentityProvider {
  name: string;
  autoProvisioning: boolean;
  /** The id of its credential. */
  credential: string | null;
  created: number;
}

/** The user's id, or why it was skipped. */
export type Imported = { made: string } | { skipped: string };

export interface Assignment {
  roles: string[];
  seatType?: string | null;
}

export interface Reference {
  email: string;
  kind: string;
  id: string;
  /** The active user with this address now. */
  user: string | null;
}

export interface Webhook {
  url: string;
  secret: string;
  events: string[];
  retrySeconds: number;
  since: number;
}

/** What the application may do to a tenant. SCIM clients cannot reach it. `wit/admin.wit` and `wit/directory.wit` are its contract. */
export interface AdminSync {
  /** Sets the tenant's profile, and returns its new version. `expected` is the version that it replaces. */
  configure(profile: Document, expected?: number): number;
  /** The profile as it was set, and its version. */
  profile(): [profile: string, version: number];
  /** Changes settings of the profile, such as `{ 'users.seats': 5 }`. Returns its new version. */
  set(settings: Record<string, unknown>): number;
  /** Explains a profile in sentences, one a line. */
  explain(profile: Document): string;
  webhooks(): Webhook[];

  issueCredential(request: CredentialRequest): Issued;
  /** Gives a credential a new secret. */
  rotateCredential(id: string): Issued;
  revokeCredential(id: string): void;
  credentials(): Credential[];

  addIdentityProvider(name: string, autoProvisioning?: boolean): Issued | null;
  identityProviders(): IdentityProvider[];

  /** Imports users of the product that no client has provisioned yet, at most 500. */
  importUsers(users: Document[]): Imported[];
  /** A page of users, as a ListResponse whose `nextCursor` is the next page's `cursor`. */
  users(page?: { filter?: string; cursor?: string; count?: number }): Resource;
  /** A user as the product sees it. */
  user(id: string): Resource;
  /** Creates a user of the product, and returns its id. */
  createUser(user: Document, productId?: ProductId): string;
  /** Changes a user by a PatchOp document, whose `schemas` may be absent, by the profile's rules for the product. */
  patchUser(id: string, patch: Document): void;
  linkUser(id: string, externalId?: string): void;
  deactivateUser(id: string): void;
  reactivateUser(id: string): void;
  /** Removes the user and all personal data. */
  eraseUser(id: string): void;

  createGroup(group: Document, productId?: ProductId): string;
  patchGroup(id: string, patch: Document): void;
  deleteGroup(id: string): void;
  /** A group with its members, as the product sees it. */
  group(id: string): Resource;
  /** Sets the application's own id of a resource, or takes it away. */
  setProductId(resourceType: string, id: string, productId: ProductId | null): void;
  /** The id of the resource of this type that has the application's own id. */
  findByProductId(resourceType: string, productId: ProductId): string;

  assignRoles(user: string, roles: string[]): void;
  /** What membership in a group gives; `group` is its id or its name. */
  assignGroup(group: string, assignment: Assignment): void;
  assignments(): [group: string, assignment: Assignment][];

  addReference(email: string, kind: string, id: string): void;
  references(email: string): Reference[];

  /** Does the maintenance that is due, and returns the latest time of the next call. */
  maintain(): number | null;
}

type Later<Functions> = {
  [Name in keyof Functions]: Functions[Name] extends (...args: infer Arguments) => infer Result
    ? (...args: Arguments) => Promise<Result>
    : never;
};

/** What the application may do to a tenant. SCIM clients cannot reach it. `wit/admin.wit` and `wit/directory.wit` are its contract. */
export type Admin = Later<AdminSync>;

/** Calls a function of the module, and converts its result. */
export type Caller = (name: string, args: Record<string, unknown>, convert: (result: unknown) => unknown) => unknown;

const DEFAULT_PAGE = 100;

/** The functions, synchronous or not as the caller is. */
export function adminOver(tenant: string, call: Caller): unknown {
  const asking =
    (of: string) =>
    (name: string, args: Record<string, unknown> = {}, convert: (result: unknown) => unknown = fromWit) =>
      call(`${of}.${name}`, toWit(args) as Record<string, unknown>, convert);
  const ask = asking('admin');
  const direct = asking('directory');
  const nothing = () => undefined;
  const functions: { [Name in keyof AdminSync]: (...args: Parameters<AdminSync[Name]>) => unknown } = {
    configure: (profile, expected) => ask('configure', { profile: textOf(profile), expected }, Number),
    profile: () => ask('profile', {}, (result) => numberAt(1, result)),
    set: (settings) => {
      const list = Object.entries(settings).map(([path, value]) => [path, JSON.stringify(value)]);
      return ask('set', { settings: list }, Number);
    },
    explain: (profile) => ask('explain', { profile: textOf(profile) }),
    webhooks: () => ask('webhooks'),
    issueCredential: (request) =>
      ask('issue-credential', { request: { tenant, scheme: 'bearer', scopes: [], ...request } }),
    rotateCredential: (id) => ask('rotate-credential', { id }),
    revokeCredential: (id) => ask('revoke-credential', { id }, nothing),
    credentials: () => ask('credentials'),
    addIdentityProvider: (name, autoProvisioning = false) =>
      ask('add-identity-provider', { tenant, name, autoProvisioning }),
    identityProviders: () => ask('identity-providers'),
    importUsers: (users) => ask('import-users', { users: users.map(textOf) }),
    users: ({ filter, cursor = '', count = DEFAULT_PAGE } = {}) => ask('users', { filter, cursor, count }, parsed),
    user: (id) => ask('user', { id }, parsed),
    createUser: (user, productId) => direct('create-user', { user: textOf(user), productId: idOf(productId) }),
    patchUser: (id, patch) => direct('patch-user', { id, patch: textOf(patch) }, nothing),
    createGroup: (group, productId) => direct('create-group', { group: textOf(group), productId: idOf(productId) }),
    patchGroup: (id, patch) => direct('patch-group', { id, patch: textOf(patch) }, nothing),
    deleteGroup: (id) => direct('delete-group', { id }, nothing),
    group: (id) => direct('group', { id }, parsed),
    setProductId: (resourceType, id, productId) =>
      direct('set-product-id', { resourceType, id, productId: idOf(productId ?? undefined) }, nothing),
    findByProductId: (resourceType, productId) =>
      direct('find-by-product-id', { resourceType, productId: idOf(productId) }),
    linkUser: (id, externalId) => ask('link-user', { id, externalId }, nothing),
    deactivateUser: (id) => ask('deactivate-user', { id }, nothing),
    reactivateUser: (id) => ask('reactivate-user', { id }, nothing),
    eraseUser: (id) => ask('erase-user', { id }, nothing),
    assignRoles: (user, roles) => ask('assign-roles', { user, roles }, nothing),
    assignGroup: (group, { roles, seatType }) =>
      ask('assign-group', { group, assignment: { roles, seatType } }, nothing),
    assignments: () => ask('assignments'),
    addReference: (email, kind, id) => ask('add-reference', { email, kind, id }, nothing),
    references: (email) => ask('references', { email }),
    maintain: () => ask('maintain', {}, (due) => (due === null ? null : Number(due))),
  };
  return functions;
}

function textOf(document: Document): string {
  return typeof document === 'string' ? document : JSON.stringify(document);
}

function idOf(productId: ProductId | undefined): string | undefined {
  return productId === undefined ? undefined : String(productId);
}

function parsed(text: unknown): unknown {
  return JSON.parse(text as string);
}

function numberAt(index: number, tuple: unknown): unknown {
  return (tuple as unknown[]).map((value, at) => (at === index ? Number(value) : value));
}

/** The value of a result, or its error as an exception. */
export function resultOf(answer: string): unknown {
  const result = returned(answer) as { ok: unknown } | { err: unknown };
  if ('ok' in result) return result.ok;
  if (typeof result.err === 'string') throw new ScimletError(result.err as ErrorKind);
  const [kind, text] = Object.entries(result.err as object)[0] ?? ['fault', ''];
  throw new ScimletError(kind as ErrorKind, String(text));
}
