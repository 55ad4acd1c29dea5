import type { Row, SqlValue } from '../sql.js';
import type { SyncDatabase } from './database.js';
import { sqliteFailure } from './sqlite-failure.js';
import { StatementCache } from './statements.js';

/** The part of a `DatabaseSync` of `node:sqlite` that is used. */
export interface NodeSqlite {
  /** Since Node.js 22.16 and 24. */
  readonly isTransaction?: boolean;
  prepare(text: string): NodeSqliteStatement;
  open(): void;
}

interface NodeSqliteStatement {
  setReadBigInts(enabled: boolean): void;
  /** Since Node.js 22.16 and 24. */
  setReturnArrays?(enabled: boolean): void;
  all(...parameters: unknown[]): unknown[];
}

export function nodeSqlite(database: NodeSqlite): SyncDatabase {
  const statements = new StatementCache((text) => {
    const statement = database.prepare(text);
    statement.setReadBigInts(true);
    statement.setReturnArrays?.(true);
    return statement;
  });
  return {
    dialect: 'sqlite',
    connection: database,
    failure: sqliteFailure,
    inTransaction: () => database.isTransaction ?? false,
    execute(text, parameters) {
      const rows = statements.get(text).all(...numbered(parameters));
      return rows.map((row) => (Array.isArray(row) ? row : Object.values(row as object)) as Row);
    },
  };
}

/** SQLite names the parameter `?1`, so that `node:sqlite` wants it by that name, in an object. */
function numbered(parameters: SqlValue[]): [] | [Record<string, SqlValue>] {
  if (parameters.length === 0) return [];
  return [Object.fromEntries(parameters.map((value, index) => [`?${index + 1}`, value]))];
}
