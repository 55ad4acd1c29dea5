// Calls of the module for one tenant over a database, and what those of all tenants share.

import { type Caller, resultOf } from './admin.js';
import { hostCall } from './call.js';
import { type Database, isAsync } from './databases/database.js';
import { type Application, Hooks } from './hooks.js';
import { canSuspend, type Engine, engineOf, Pool } from './module.js';
import { runAsync, runInTransaction, runSync } from './run.js';
import type { Note, Options } from './scimlet.js';
import { AsyncSession, type Surroundings, SyncSession } from './session.js';

const MILLISECONDS = 10_000;
// Enough for the largest body that a mount reads.
const MEMORY_BYTES = 128 << 20;
const INSTANCES = 32;

/** What all tenants share. */
export class Core {
  readonly engine: Engine;
  readonly pool: Pool;
  readonly milliseconds: number;
  readonly #application: Application | undefined;
  readonly #log: (note: Note) => void;

  constructor(
    readonly database: Database,
    options: Options,
    engine: Engine = engineOf(options.memory ?? MEMORY_BYTES),
  ) {
    this.engine = engine;
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
export class Binding {
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
