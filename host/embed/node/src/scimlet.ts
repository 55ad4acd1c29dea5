import { type Admin, type AdminSync, adminOver } from './admin.js';
import { Binding, Core } from './binding.js';
import { hostCall, returned } from './call.js';
import { type Connectable, databaseOf, joinedDatabaseOf } from './databases/detect.js';
import { eventsOver, type FollowOptions, follow, type RecordedEvent } from './events.js';
import type { Application } from './hooks.js';
import { type FastifyPlugin, fastifyPlugin } from './http/fastify.js';
import { type FetchHandler, fetchHandler } from './http/fetch.js';
import type { MountOptions } from './http/mount.js';
import { type NodeHandler, nodeHandler } from './http/node.js';
import { fromWit } from './names.js';
import { type TablesSync, tablesOver } from './tables.js';

/** A note for the operator, never for a client. */
export interface Note {
  level: 'debug' | 'info' | 'warn' | 'error';
  /** A word to filter by, such as `access`, `policy` or `store`. */
  topic: string;
  text: string;
  tenant: string;
}

export interface Options<Connection extends Connectable = Connectable> {
  /** A connection, or a pool of connections. */
  database: Connection;
  /** Hears of changes before their commit. */
  application?: Application<ConnectionOf<Connection>>;
  /** Writes notes; without it warnings and errors go to the console. */
  log?: (note: Note) => void;
  /** How long a call may take, in milliseconds: 10,000 by default. */
  time?: number;
  /** The most memory of an instance, in bytes: 128 MiB by default. Workers have a limit of their own instead. */
  memory?: number;
  /** The most instances that are kept between calls, each of some 2 MiB: 32 by default. */
  instances?: number;
}

/** What a hook writes on: the connection, or one of the pool. */
export type ConnectionOf<Connection> = Connection extends { totalCount: number; query: infer Query }
  ? { query: Query }
  : Connection;

/** An HTTP request below a tenant's base URL. */
export interface ScimRequest {
  method: string;
  /** Below the base URL, percent-encoded: `/Users/2819c223`. */
  path: string;
  /** Without `?`, percent-encoded. */
  query?: string;
  headers: [name: string, value: string][];
  body?: string;
  /** The absolute URL that `path` is relative to, without a final slash. */
  baseUrl: string;
  /** The client's IP address, if it is known. */
  clientAddress?: string | undefined;
  /** Who asks, if the application has found that out; by default the Authorization header says it. */
  caller?: 'unknown' | { client: { name: string } } | { user: string };
}

export interface ScimResponse {
  status: number;
  headers: [name: string, value: string][];
  body: string;
}

/** A client whose credential is good. */
export interface Admitted {
  /** The client, as the actor of events names it. */
  actor: string;
  /** Requests a second that the profile allows all clients together; `null` for no limit. */
  rate: number | null;
  /** Whether its requests are answered at all, and not with 403. */
  open: boolean;
  /** Whether the profile admits only some addresses. */
  byAddress: boolean;
}

type Promised<Functions> = {
  [Name in keyof Functions]: Functions[Name] extends (...args: infer Arguments) => infer Result
    ? (...args: Arguments) => Promise<Result>
    : never;
};

/** SCIM for the tenants of one database. */
export class Scimlet<Connection extends Connectable = Connectable> {
  readonly #core: Core;
  /** The tables, and the tenants in them. */
  readonly tables: Promised<TablesSync>;
  /** Likewise, over a driver that answers at once. */
  readonly tablesSync: TablesSync;

  constructor(options: Options<Connection>) {
    this.#core = new Core(databaseOf(options.database), options as unknown as Options);
    const binding = new Binding(this.#core, '');
    this.tables = tablesOver(binding.later) as Promised<TablesSync>;
    this.tablesSync = tablesOver(binding.now) as TablesSync;
  }

  /** A tenant, whether it exists or not. */
  tenant(name: string): Tenant {
    return new Tenant(new Binding(this.#core, name));
  }

  /** The tenant that the Authorization header claims, unverified. */
  tenantOf(headers: [name: string, value: string][]): string | undefined {
    const answer = this.#core.engine.ask(hostCall('provider.tenant-of', { headers }));
    return (returned(answer) as string | null) ?? undefined;
  }

  /** For `node:http`, Express, and whatever calls a function with request, response, and perhaps `next`. */
  nodeHandler(options: MountOptions = {}): NodeHandler {
    return nodeHandler(this, options);
  }

  /** For Hono, Workers, and whatever passes a `Request` and wants a `Response`. */
  fetchHandler(options: MountOptions = {}): FetchHandler {
    return fetchHandler(this, options);
  }

  /** For `fastify.register`, with a `prefix`. */
  fastifyPlugin(options: MountOptions = {}): FastifyPlugin {
    return fastifyPlugin(this, options);
  }
}

/** A tenant's SCIM service, and what the application may do to it. */
export class Tenant {
  readonly #binding: Binding;
  readonly name: string;
  readonly admin: Admin;
  /** Likewise, over a driver that answers at once. A transaction that is open on the connection is joined. */
  readonly adminSync: AdminSync;

  /** @internal */
  constructor(binding: Binding) {
    this.#binding = binding;
    this.name = binding.tenant;
    this.admin = adminOver(this.name, binding.later) as Admin;
    this.adminSync = adminOver(this.name, binding.now) as AdminSync;
  }

  /**
   * The tenant in a transaction that the application has begun on this connection, and ends itself: what is done is
   * undone if that is rolled back.
   */
  in(connection: Connectable): Tenant {
    return new Tenant(new Binding(this.#binding.core, this.name, joinedDatabaseOf(connection), true));
  }

  /** Answers a request of a SCIM client. */
  async handle(request: ScimRequest): Promise<ScimResponse> {
    const args = handleArguments(this.name, request);
    return returned(await this.#binding.call('provider.handle', args)) as ScimResponse;
  }

  /** Likewise, over a driver that answers at once. */
  handleSync(request: ScimRequest): ScimResponse {
    const args = handleArguments(this.name, request);
    return returned(this.#binding.callSync('provider.handle', args, true)) as ScimResponse;
  }

  /**
   * Whether the credential of a request is good, and has this scope (such as `events`), if one is given: for what the
   * application serves beside SCIM. Otherwise the response to send.
   */
  async authorize(request: Omit<ScimRequest, 'body'>, scope?: string): Promise<Admitted | ScimResponse> {
    const { origin } = handleArguments(this.name, request);
    const args = { origin, headers: request.headers, scope };
    const result = returned(await this.#binding.call('provider.authorize', args)) as { ok: unknown } | { err: unknown };
    return 'ok' in result ? fromWit<Admitted>(result.ok) : (result.err as ScimResponse);
  }

  /** At most `limit` events after this number, oldest first; none if there are no more. */
  events(after = 0, limit?: number): Promise<RecordedEvent[]> {
    return eventsOver(this.#binding.later, after, limit) as Promise<RecordedEvent[]>;
  }

  /** All events after a number, those that come later too. Store the number of the last one with what it led to. */
  follow(options: FollowOptions = {}): AsyncGenerator<RecordedEvent, void, undefined> {
    return follow((after) => this.events(after), options);
  }
}

function handleArguments(tenant: string, request: ScimRequest): Record<string, unknown> {
  const { baseUrl, clientAddress, caller = 'unknown', method, path, query = '', headers, body = '' } = request;
  return {
    origin: { tenant, 'base-url': baseUrl, 'client-address': clientAddress, caller },
    request: { method, path, query, headers, body },
  };
}
