// The drivers that tests run over.
//
// `open` makes a new database; `execute` executes a statement of the application's on a connection, and returns the
// rows, as a promise where the driver is asynchronous.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import pg from 'pg';

import { startPostgres } from './postgres.mjs';

const folder = mkdtempSync(join(tmpdir(), 'scimlet-'));
let cluster;
let made = 0;

after(async () => {
  rmSync(folder, { recursive: true, force: true });
  if (cluster) await (await cluster).stop();
});

/** A path for a new file, which is removed after the tests. */
export function newPath() {
  made += 1;
  return join(folder, `${made}.db`);
}

/** The settings of a client of a new database in PostgreSQL. */
export async function newPostgres() {
  cluster ??= startPostgres();
  return (await cluster).database();
}

/** What a module has; nothing if this machine's Node.js does not have it, or cannot load what it was compiled to. */
const optional = (module, works = () => {}) =>
  import(module)
    .then((found) => {
      works(found);
      return found;
    })
    .catch(() => undefined);
const betterSqlite3 = await optional('better-sqlite3', ({ default: Database }) => new Database(':memory:').close());
const nodeSqlite = await optional('node:sqlite');
const standIns = betterSqlite3 && (await import('./stand-ins.mjs'));
const NodeSqlite = nodeSqlite?.DatabaseSync ?? standIns?.NodeSqliteStandIn;

function closable(connection, close = () => connection.close()) {
  return { connection, close };
}

const all = {
  'better-sqlite3': betterSqlite3 && {
    dialect: 'sqlite',
    isSync: true,
    open: async (path = newPath()) => closable(new betterSqlite3.default(path)),
    execute(connection, text) {
      const statement = connection.prepare(text);
      return statement.reader ? statement.all() : [statement.run()];
    },
  },
  [nodeSqlite ? 'node:sqlite' : 'node:sqlite, a stand-in']: NodeSqlite && {
    dialect: 'sqlite',
    isSync: true,
    open: async (path = newPath()) => closable(new NodeSqlite(path)),
    execute: (connection, text) => connection.prepare(text).all(),
  },
  'Durable Object, a stand-in': standIns && {
    dialect: 'sqlite',
    isSync: true,
    open: async () => closable(new standIns.DurableObjectStandIn()),
    execute: (connection, text) => connection.sql.exec(text).toArray(),
  },
  'pg.Pool': {
    dialect: 'postgres',
    open: async (settings) => {
      const pool = new pg.Pool({ ...(settings ?? (await newPostgres())), max: 8 });
      return closable(pool, () => pool.end());
    },
    execute: async (connection, text) => (await connection.query(text)).rows,
  },
  'pg.Pool, pipelined': {
    dialect: 'postgres',
    open: async (settings) => {
      const pool = new pg.Pool({ ...(settings ?? (await newPostgres())), pipeline: true, max: 8 });
      return closable(pool, () => pool.end());
    },
    execute: async (connection, text) => (await connection.query(text)).rows,
  },
  'pg.Client': {
    dialect: 'postgres',
    open: async (settings) => {
      const client = new pg.Client(settings ?? (await newPostgres()));
      await client.connect();
      return closable(client, () => client.end());
    },
    execute: async (connection, text) => (await connection.query(text)).rows,
  },
};

/** The drivers that there are here. */
export const drivers = Object.entries(all)
  .filter(([, driver]) => driver !== undefined)
  .map(([name, driver]) => ({ name, ...driver }));
