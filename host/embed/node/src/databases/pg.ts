import type { FailureKind, Mode, Row, SqlValue, Statement } from '../sql.js';
import type { AsyncConnection, AsyncDatabase } from './database.js';

interface PgQuery {
  text: string;
  values?: unknown[];
  rowMode?: 'array';
  types?: { getTypeParser(oid: number): (text: string) => unknown };
}

interface PgResult {
  command: string;
  rows: unknown[];
}

/** The part of a `Client` of `pg` that is used. */
export interface PgClient {
  /** Whether it sends queries without waiting for the answers to those before. */
  readonly pipeline?: boolean;
  query(query: PgQuery): Promise<PgResult>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  release?(broken?: boolean): void;
  /** Without it where the driver is the native one. */
  readonly connection?: { readonly stream?: { destroy(): unknown } };
}

/** The part of a `Pool` of `pg` that is used. */
export interface PgPool {
  readonly totalCount: number;
  connect(): Promise<PgClient>;
  query(query: PgQuery): Promise<PgResult>;
}

/** Each transaction has a connection of the pool for itself. */
export function pgPool(pool: PgPool): AsyncDatabase {
  return {
    dialect: 'postgres',
    failure: pgFailure,
    acquire: async () => new PgConnection(await pool.connect()),
    execute: (statements) => executeAll(pool, statements),
  };
}

/** Transactions have the only connection one after another. */
export function pgClient(client: PgClient): AsyncDatabase {
  return oneAfterAnother((free) => new PgOwnConnection(client, free));
}

/** A transaction that the application has begun on this connection, and ends itself. */
export function pgJoined(client: PgClient): AsyncDatabase {
  const database = oneAfterAnother((free) => new PgSavepoint(client, free));
  return {
    ...database,
    // A statement that fails would end the application's transaction.
    async execute(statements) {
      const connection = await database.acquire();
      try {
        await connection.begin('read');
        const results = await connection.execute(statements);
        await connection.commit();
        return results;
      } finally {
        connection.release(false);
      }
    },
  };
}

function oneAfterAnother(connect: (free: () => void) => AsyncConnection): AsyncDatabase {
  let last: Promise<void> = Promise.resolve();
  const acquire = async (): Promise<AsyncConnection> => {
    const before = last;
    let free = () => {};
    last = new Promise((resolve) => {
      free = resolve;
    });
    await before;
    return connect(free);
  };
  return {
    dialect: 'postgres',
    failure: pgFailure,
    acquire,
    async execute(statements) {
      const connection = await acquire();
      try {
        return await connection.execute(statements);
      } finally {
        connection.release(false);
      }
    },
  };
}

const BEGIN: Record<Mode, string> = {
  read: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  write: 'BEGIN ISOLATION LEVEL READ COMMITTED',
};

/** What is executed in a transaction, until its connection is given back: then the rest of a list is not sent. */
class PgStatements {
  #isGone = false;

  constructor(readonly connection: PgClient) {}

  execute(statements: Statement[]): Promise<Row[][]> {
    return executeAll(this.connection, statements, () => this.#isGone);
  }

  protected leave(): void {
    this.#isGone = true;
  }
}

/** A connection of the pool. */
class PgConnection extends PgStatements implements AsyncConnection {
  constructor(connection: PgClient) {
    super(connection);
    // Without a listener a connection that breaks ends the process. The statement that runs fails, too.
    connection.on('error', ignore);
  }

  async begin(mode: Mode): Promise<void> {
    await this.connection.query({ text: BEGIN[mode] });
  }

  async commit(): Promise<void> {
    const { command } = await this.connection.query({ text: 'COMMIT' });
    // PostgreSQL ends a transaction in which a statement failed so, and reports no error.
    if (command !== 'COMMIT') {
      throw Object.assign(new Error(`the transaction ended with ${command}`), { code: IN_FAILED_TRANSACTION });
    }
  }

  async rollBack(): Promise<void> {
    await this.connection.query({ text: 'ROLLBACK' });
  }

  release(broken: boolean): void {
    this.leave();
    this.connection.off('error', ignore);
    this.connection.release?.(broken);
    // With `pipeline` the pool would wait for what was sent, and open another connection meanwhile.
    if (broken) this.connection.connection?.stream?.destroy();
  }
}

/** The only connection: it stays open, and what was not committed is undone before the next transaction. */
class PgOwnConnection extends PgConnection {
  constructor(
    connection: PgClient,
    private readonly free: () => void,
  ) {
    super(connection);
  }

  override release(broken: boolean): void {
    this.leave();
    const undone = broken ? this.rollBack().catch(ignore) : Promise.resolve();
    void undone.then(() => {
      this.connection.off('error', ignore);
      this.free();
    });
  }
}

class PgSavepoint extends PgStatements implements AsyncConnection {
  #isOpen = false;

  constructor(
    connection: PgClient,
    private readonly free: () => void,
  ) {
    super(connection);
  }

  async begin(): Promise<void> {
    this.#isOpen = true;
    await this.connection.query({ text: 'SAVEPOINT scimlet' });
  }

  async commit(): Promise<void> {
    await this.connection.query({ text: 'RELEASE SAVEPOINT scimlet' });
    this.#isOpen = false;
  }

  async rollBack(): Promise<void> {
    this.#isOpen = false;
    // At once: the application may send its own next query meanwhile.
    await this.connection.query({ text: 'ROLLBACK TO SAVEPOINT scimlet; RELEASE SAVEPOINT scimlet' });
  }

  /** The connection is the application's: it stays open, and what was not committed is undone before its next query. */
  release(): void {
    this.leave();
    const undone = this.#isOpen ? this.rollBack().catch(ignore) : Promise.resolve();
    void undone.then(this.free);
  }
}

function ignore(): void {
  // The statement that runs, or the next one, reports it.
}

type Queryable = Pick<PgClient, 'query' | 'pipeline'>;

async function executeAll(on: Queryable, statements: Statement[], isGone = () => false): Promise<Row[][]> {
  const check = () => {
    if (isGone()) throw new Error('the call was given up');
  };
  check();
  if (on.pipeline) {
    const sent = await Promise.allSettled(statements.map((statement) => execute(on, statement)));
    return sent.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }
  const results: Row[][] = [];
  for (const statement of statements) {
    check();
    results.push(await execute(on, statement));
  }
  return results;
}

async function execute(on: Queryable, { text, parameters }: Statement): Promise<Row[]> {
  const values = parameters.map(parameter);
  return (await on.query({ text, values, rowMode: 'array', types })).rows as Row[];
}

/** Numbers as text, which PostgreSQL reads as the type that is wanted where they stand. */
function parameter(value: SqlValue): unknown {
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
}

// Types by their OID (`pg_type.dat`), whatever the application has set for its own queries.
const BOOL = 16;
const BYTEA = 17;
const INT8 = 20;
const INT2 = 21;
const INT4 = 23;
const FLOAT4 = 700;
const FLOAT8 = 701;

const types = {
  getTypeParser(oid: number): (text: string) => SqlValue {
    switch (oid) {
      case BOOL:
        return (text) => text === 't';
      case BYTEA:
        // After `\x`.
        return (text) => Buffer.from(text.slice(2), 'hex');
      case INT2:
      case INT4:
      case INT8:
        return BigInt;
      case FLOAT4:
      case FLOAT8:
        return Number;
      default:
        return (text) => text;
    }
  },
};

const IN_FAILED_TRANSACTION = '25P02';
// serialization_failure, deadlock_detected, lock_not_available
const AGAIN = new Set(['40001', '40P01', '55P03']);

// statement_completion_unknown
const COMPLETION_UNKNOWN = '40003';

/**
 * By SQLSTATE. An error without one, or of the classes of lost connections, says nothing about a commit. Codes of
 * Node.js, such as EPIPE, begin with an E, and no class of PostgreSQL does.
 */
function pgFailure(error: unknown, committing: boolean): FailureKind {
  const { code } = (error ?? {}) as { code?: unknown };
  const state = typeof code === 'string' && /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code) ? code : undefined;
  if (state !== undefined && AGAIN.has(state)) return 'again';
  const isLost = state === undefined || state.startsWith('08') || state.startsWith('57P');
  return committing && (isLost || state === COMPLETION_UNKNOWN) ? 'unknown' : 'failed';
}
