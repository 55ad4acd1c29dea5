import type { Row, SqlValue } from '../sql.js';
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
      const named = numbered(parameters);
      if (statement.reader) return statement.all(...named) as Row[];
      statement.run(...named);
      return [];
    },
  };
}

/** SQLite names the parameter `?1`, so that better-sqlite3 wants it by that name, in an object. */
function numbered(parameters: SqlValue[]): [] | [Record<string, SqlValue>] {
  if (parameters.length === 0) return [];
  return [Object.fromEntries(parameters.map((value, index) => [index + 1, value]))];
}
