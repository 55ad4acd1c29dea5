import type { Row } from '../sql.js';
import type { SyncDatabase } from './database.js';
import { sqliteFailure } from './sqlite-failure.js';
import { StatementCache } from './statements.js';

/** The part of a `Database` of better-sqlite3 that is used. */
export interface BetterSqlite3 {
  readonly inTransaction: boolean;
  prepare(text: string): BetterSqlite3Statement;
  pragma(source: string): unknown;
}

interface BetterSqlite3Statement {
  readonly reader: boolean;
  raw(toggle: boolean): this;
  safeIntegers(toggle: boolean): this;
  all(...parameters: unknown[]): unknown[];
  run(...parameters: unknown[]): unknown;
}

export function betterSqlite3(database: BetterSqlite3): SyncDatabase {
  const statements = new StatementCache((text) => {
    const statement = database.prepare(text).safeIntegers(true);
    return statement.reader ? statement.raw(true) : statement;
  });
  return {
    dialect: 'sqlite',
    connection: database,
    failure: sqliteFailure,
    inTransaction: () => database.inTransaction,
    execute(text, parameters) {
      const statement = statements.get(text);
      if (statement.reader) return statement.all(...parameters) as Row[];
      statement.run(...parameters);
      return [];
    },
  };
}
