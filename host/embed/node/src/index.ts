export type {
  Admin,
  AdminSync,
  Assignment,
  Credential,
  CredentialRequest,
  Document,
  IdentityProvider,
  Imported,
  Issued,
  ProductId,
  Reference,
  Webhook,
} from './admin.js';
export { Contract, type ContractOptions } from './contract.js';
export type { AsyncConnection, AsyncDatabase, Database, SyncDatabase } from './databases/database.js';
export type { Connectable } from './databases/detect.js';
export { type ErrorKind, ScimletError } from './error.js';
export type { FollowOptions, RecordedEvent } from './events.js';
export {
  type Application,
  type Change,
  type Context,
  type Effect,
  type Identity,
  Refusal,
  type Resource,
  type Step,
} from './hooks.js';
export type { FastifyPlugin } from './http/fastify.js';
export type { FetchHandler } from './http/fetch.js';
export type { MountOptions } from './http/mount.js';
export type { NodeHandler } from './http/node.js';
export {
  type Admitted,
  type Note,
  type Options,
  Scimlet,
  type ScimRequest,
  type ScimResponse,
  Tenant,
} from './scimlet.js';
export type { Dialect, FailureKind, Mode, Row, SqlValue, Statement } from './sql.js';
export type { TablesSync, TenantRecord } from './tables.js';
