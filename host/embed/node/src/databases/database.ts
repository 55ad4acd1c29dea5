// What scimlet needs of a driver. The drivers that it knows are beside this file.

import type { Dialect, FailureKind, Mode, Row, SqlValue, Statement } from '../sql.js';

/** A database whose driver answers at once. */
export interface SyncDatabase {
  readonly dialect: Dialect;
  /** What the application's hooks get, to write in the transaction. */
  readonly connection: unknown;
  /** Whether a transaction is open. */
  inTransaction(): boolean;
  /** Executes a statement, and returns its rows, integers as `bigint`. */
  execute(text: string, parameters: SqlValue[]): Row[];
  failure(error: unknown): FailureKind;
  /**
   * Runs a function in a transaction, or in a savepoint of the one that is open, and rolls back if it throws. Only for
   * drivers that execute no `BEGIN`.
   */
  transaction?<T>(run: () => T): T;
}

/** A database whose driver answers later. */
export interface AsyncDatabase {
  readonly dialect: Dialect;
  /** A connection for one transaction. */
  acquire(): Promise<AsyncConnection>;
  /** Executes statements outside a transaction: it is always one. */
  execute(statements: Statement[]): Promise<Row[][]>;
  failure(error: unknown, committing: boolean): FailureKind;
}

export interface AsyncConnection {
  /** What the application's hooks get, to write in the transaction. */
  readonly connection: unknown;
  /**
   * Executes statements in their order, without waiting in between if the driver can, and returns the rows of each.
   * Sends nothing more once the connection was given back, which may happen in the middle.
   */
  execute(statements: Statement[]): Promise<Row[][]>;
  begin(mode: Mode): Promise<void>;
  commit(): Promise<void>;
  rollBack(): Promise<void>;
  /** Gives the connection back; a broken one is closed, which undoes its transaction. */
  release(broken: boolean): void;
}

export type Database = SyncDatabase | AsyncDatabase;

export function isAsync(database: Database): database is AsyncDatabase {
  return 'acquire' in database;
}
