import { type BetterSqlite3, betterSqlite3 } from './better-sqlite3.js';
import type { Database } from './database.js';
import { type DurableObjectStorage, durableObject } from './durable-object.js';
import { type NodeSqlite, nodeSqlite } from './node-sqlite.js';
import { type PgClient, type PgPool, pgClient, pgJoined, pgPool } from './pg.js';

/** A connection of a driver that is known, or a database of another one. */
export type Connectable = BetterSqlite3 | NodeSqlite | DurableObjectStorage | PgPool | PgClient | Database;

/** The driver by what the connection can do. */
export function databaseOf(connection: Connectable): Database {
  if ('dialect' in connection) return connection;
  if ('pragma' in connection) return betterSqlite3(connection);
  if ('prepare' in connection) return nodeSqlite(connection);
  if ('transactionSync' in connection) return durableObject(connection);
  if ('totalCount' in connection) return pgPool(connection);
  if ('query' in connection) return pgClient(connection);
  throw new TypeError('this is no connection of a driver that scimlet knows');
}

/** Likewise, for a connection on which the application has begun a transaction. */
export function joinedDatabaseOf(connection: Connectable): Database {
  if ('totalCount' in connection) throw new TypeError('a pool has no transaction to join: pass one of its connections');
  return 'query' in connection ? pgJoined(connection) : databaseOf(connection);
}
