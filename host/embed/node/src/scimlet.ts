import { type Admin, type AdminSync, adminOver, type Caller, resultOf } from './admin.js';
import { hostCall, returned } from './call.js';
import { type Database, isAsync } from './databases/database.js';
import { type Connectable, databaseOf, joinedDatabaseOf } from './databases/detect.js';
import { eventsOver, type FollowOptions, follow, type RecordedEvent } from './events.js';
import { type Application, Hooks } from './hooks.js';
import { type FastifyPlugin, fastifyPlugin } from './http/fastify.js';
import { type FetchHandler, fetchHandler } from './http/fetch.js';
import type { MountOptions } from './http/mount.js';
import { type NodeHandler, nodeHandler } from './http/node.js';
import { canSuspend, type Engine, engineOf, Pool } from './module.js';
import { fromWit } from './names.js';
import { runAsync, runInTransaction, runSync } from './run.js';
import { AsyncSession, type Surroundings, SyncSession } from './session.js';
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

const MILLISECONDS = 10_000;
// Enough for the largest body that a mount reads.
const MEMORY_BYTES = 128 << 20;
const INSTANCES = 32;

/** What all tenants share. */
class Core {
  readonly engine: Engine;
  readonly pool: Pool;
  readonly milliseconds: number;
  readonly #application: Application | undefined;
  readonly #log: (note: Note) => void;

  constructor(
    readonly database: Database,
    options: Options,
  ) {
    this.engine = engineOf(options.memory ?? MEMORY_BYTES);
    this.pool = new Pool(this.engine, options.instances ?? INSTANCES, isAsync(database) && canSuspend);
    this.milliseconds = options.time ?? MILLISECONDS;
    this.#application = options.application as Application | undefined;
    this.#log = options.log ?? toConsole;
  }

  surroundings(tenant: string, database: Database): Surroundings {
    const log = (note: object) => this.#log({ ...(note as Note), tenant });
    const report = (error: unknown) => log({ level: 'error', topic: 'application', text: String(error) });
    const failure = (error: unknown) => database.failure(error, false);
    const hooks = this.#application && new Hooks(this.#application, tenant, failure, report);
    return { log, hooks };
  }
}

function toConsole({ level, tenant, topic, text }: Note): void {
  // The text as JSON, because a line break in it must not begin a line of the log.
  if (level === 'warn' || level === 'error') console[level](`scimlet: ${tenant}: ${topic}: ${JSON.stringify(text)}`);
}

/** Calls for one tenant over one database, or in one transaction of it. */
class Binding {
  constructor(
    readonly core: Core,
    readonly tenant: string,
    readonly database: Database = core.database,
    readonly joins = false,
  ) {}

  async call(name: string, args: Record<string, unknown>): Promise<string> {
    const { core, tenant, database, joins } = this;
    if (!isAsync(database)) return this.callSync(name, args, joins);
    const surroundings = core.surroundings(tenant, database);
    const session = new AsyncSession(database, surroundings);
    const text = this.#text(name, args, surroundings);
    const answer = await runAsync(core.pool, tenant, text, session, core.milliseconds);
    const end = session.end();
    if (joins) await end;
    return answer;
  }

  callSync(name: string, args: Record<string, unknown>, joins: boolean): string {
    const { core, tenant, database } = this;
    if (isAsync(database)) throw new TypeError('the database driver is asynchronous');
    const surroundings = core.surroundings(tenant, database);
    const session = new SyncSession(database, surroundings, joins, core.milliseconds);
    const text = this.#text(name, args, surroundings);
    const { transaction } = database;
    return transaction === undefined
      ? runSync(core.pool, tenant, text, session)
      : runInTransaction(core.pool, tenant, text, transaction, session);
  }

  readonly later: Caller = async (name, args, convert) => convert(resultOf(await this.call(name, args)));

  /** A transaction that is open is one that the caller of this synchronous function has begun. */
  readonly now: Caller = (name, args, convert) => convert(resultOf(this.callSync(name, args, true)));

  #text(name: string, args: Record<string, unknown>, { hooks }: Surroundings): string {
    const { dialect } = this.database;
    return hostCall(name, args, { dialect, tenant: this.tenant, application: hooks !== undefined });
  }
}

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
