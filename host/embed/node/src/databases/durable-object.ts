import type { SqlValue } from '../sql.js';
import type { SyncDatabase } from './database.js';

/** The part of a Durable Object's `ctx.storage` that is used. Its class must be one with SQLite (`new_sqlite_classes`). */
export interface DurableObjectStorage {
  readonly sql: {
    exec(query: string, ...bindings: unknown[]): { raw(): Iterable<unknown[]> };
  };
  transactionSync<T>(closure: () => T): T;
}

export function durableObject(storage: DurableObjectStorage): SyncDatabase {
  return {
    dialect: 'sqlite',
    connection: storage,
    // The object is the database's only user: nobody is in its way.
    failure: () => 'failed',
    // Savepoints nest by themselves.
    inTransaction: () => false,
    transaction: (run) => storage.transactionSync(run),
    execute(text, parameters) {
      const rows = storage.sql.exec(text, ...parameters.map(binding)).raw();
      return Array.from(rows, (row) => row.map(column));
    },
  };
}

/** Bindings are texts, bytes, and numbers, which SQLite gets as reals and a column of integers stores as integers. */
function binding(value: SqlValue): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** A number is an integer here if it is whole, whatever the column's type. */
function column(value: unknown): SqlValue {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  return value instanceof ArrayBuffer ? new Uint8Array(value) : (value as SqlValue);
}
