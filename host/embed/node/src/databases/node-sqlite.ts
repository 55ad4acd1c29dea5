import type { Row } from '../sql.js';
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
      const rows = statements.get(text).all(...parameters);
      return rows.map((row) => (Array.isArray(row) ? row : Object.values(row as object)) as Row);
    },
  };
}
