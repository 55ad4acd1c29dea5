// A server over a database, for tests in other languages: `node serve.mjs sqlite:PATH` or `node serve.mjs postgres://…`.
//
// Its first line says where it listens. For each line that it reads, such as `{"tenant": "t1", "profile": "{…}"}`, it
// makes a tenant, and prints what a client needs: `{"url": …, "secret": …}`. With `--users` its own table `users`
// (scim_id, email, active) follows.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Database from 'better-sqlite3';
import pg from 'pg';

import { Scimlet } from '../../dist/esm/index.js';

const [, , where, option] = process.argv;
const isSqlite = where.startsWith('sqlite:');
const database = isSqlite
  ? sqlite(where.slice('sqlite:'.length))
  : new pg.Pool({ connectionString: where, pipeline: true });
const execute = isSqlite
  ? (connection, text, ...values) => void connection.prepare(text.replaceAll(/\$\d/g, '?')).run(...values)
  : (connection, text, ...values) => connection.query(text, values);

function sqlite(path) {
  const opened = new Database(path);
  opened.pragma('journal_mode = WAL');
  opened.pragma('synchronous = FULL');
  return opened;
}

/** What the hook has to execute for a change. */
function following({ resourceType, id, step, before, after }) {
  if (resourceType !== 'User') return [];
  if (step === 'created') {
    return [
      'INSERT INTO users (scim_id, email, active) VALUES ($1, $2, $3)',
      id,
      after.userName,
      Number(after.active ?? true),
    ];
  }
  if (after === null) return ['DELETE FROM users WHERE scim_id = $1', id];
  const { userName, active = true } = after ?? before;
  return ['UPDATE users SET email = $1, active = $2 WHERE scim_id = $3', userName, Number(active), id];
}

const statements = (changes) => changes.map(following).filter((statement) => statement.length > 0);
const application = isSqlite
  ? {
      beforeCommit(changes, { connection }) {
        for (const statement of statements(changes)) execute(connection, ...statement);
      },
    }
  : {
      async beforeCommit(changes, { connection }) {
        for (const statement of statements(changes)) await execute(connection, ...statement);
      },
    };

if (option === '--users') {
  await execute(database, 'CREATE TABLE IF NOT EXISTS users (scim_id TEXT PRIMARY KEY, email TEXT, active INTEGER)');
}
// Tests run beside others, on machines that are busy.
const time = 60_000;
const scimlet = new Scimlet({ database, time, ...(option === '--users' ? { application } : {}), log: () => {} });
await scimlet.tables.migrate();
const server = createServer(scimlet.nodeHandler({ path: '/:tenant/scim/v2' }));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const root = `http://127.0.0.1:${server.address().port}`;
console.log(`listening on ${root}`);
for await (const line of createInterface(process.stdin)) {
  const { tenant: name, profile } = JSON.parse(line);
  const tenant = scimlet.tenant(name);
  if (await scimlet.tables.createTenant(name)) await tenant.admin.configure(profile);
  const { secret } = await tenant.admin.issueCredential({ label: 'test' });
  console.log(JSON.stringify({ url: `${root}/${name}/scim/v2`, secret }));
}
process.exit();
