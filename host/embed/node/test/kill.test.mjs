// A server is killed (SIGKILL) in the middle of its work, again and again: what it has acknowledged is there, once, and
// the application's own table agrees with SCIM's. `SCIMLET_ROUNDS=100 npm test` kills it a hundred times.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import Database from 'better-sqlite3';
import pg from 'pg';

import { newPath, newPostgres } from './support/databases.mjs';
import { USER } from './support/scim.mjs';

const ROUNDS = Number(process.env.SCIMLET_ROUNDS ?? 4);
const TASKS = 8;
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

async function start(where) {
  const script = fileURLToPath(new URL('./support/serve.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, where, '--users'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  assert.match((await lines.next()).value, /^listening/);
  child.stdin.write(`${JSON.stringify({ tenant: 'acme', profile: '{"extends":"okta"}' })}\n`);
  const { url, secret } = JSON.parse((await lines.next()).value);
  const send = async (method, path, body) => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/scim+json' };
    const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  return { child, send };
}

/** Creates users and deactivates every second one, until the server is gone. */
async function work(send, task, acknowledged, heard) {
  for (let count = 0; ; count += 1) {
    const userName = `${task}-${count}@example.com`;
    const created = await send('POST', '/Users', { schemas: [USER], userName, active: true });
    assert.ok([201, 503].includes(created.status), JSON.stringify(created));
    if (created.status !== 201) continue;
    const { id } = created.body;
    acknowledged.set(id, { userName, active: true });
    heard();
    if (count % 2 === 0) continue;
    // From now on either is right, until it is acknowledged.
    acknowledged.set(id, { userName });
    const Operations = [{ op: 'replace', value: { active: false } }];
    const changed = await send('PATCH', `/Users/${id}`, { schemas: [PATCH], Operations });
    if (changed.status === 200) acknowledged.set(id, { userName, active: false });
  }
}

async function rounds(where, ownTable) {
  const acknowledged = new Map();
  for (let round = 0; round < ROUNDS; round += 1) {
    const { child, send } = await start(where);
    const ended = once(child, 'exit');
    // In the middle of what follows so many answers.
    let left = 1 + Math.floor(Math.random() * 30);
    let enough;
    const heard = new Promise((resolve) => {
      enough = resolve;
    });
    const hear = () => {
      left -= 1;
      if (left === 0) enough();
    };
    const works = Array.from({ length: TASKS }, (_, task) => work(send, `${round}-${task}`, acknowledged, hear));
    const settled = Promise.allSettled(works);
    await Promise.race([heard, settled]);
    child.kill('SIGKILL');
    await ended;
    for (const { reason } of await settled) assert.equal(reason.name, 'TypeError', reason);
    await check(where, acknowledged, ownTable);
  }
}

async function check(where, acknowledged, ownTable) {
  const { child, send } = await start(where);
  const found = new Map();
  for (let startIndex = 1, total = 1; startIndex <= total; startIndex += 200) {
    const { body } = await send('GET', `/Users?startIndex=${startIndex}&count=200`);
    total = body.totalResults;
    for (const { id, userName, active } of body.Resources ?? []) found.set(id, { userName, active });
  }
  child.stdin.end();
  await once(child, 'exit');
  for (const [id, { userName, active }] of acknowledged) {
    assert.equal(found.get(id)?.userName, userName);
    if (active !== undefined) assert.equal(found.get(id).active, active);
  }
  assert.equal(new Set(Array.from(found.values(), ({ userName }) => userName)).size, found.size);
  const own = (await ownTable()).map(({ scim_id, email, active }) => [
    scim_id,
    { userName: email, active: active === 1 },
  ]);
  assert.deepEqual(new Map(own.sort()), new Map([...found].sort()));
}

describe('kill -9', () => {
  it('loses nothing: SQLite', async () => {
    const path = newPath();
    await rounds(`sqlite:${path}`, async () => {
      const database = new Database(path);
      const rows = database.prepare('SELECT * FROM users').all();
      database.close();
      return rows;
    });
  });

  it('loses nothing: PostgreSQL', async () => {
    const { host, user, database } = await newPostgres();
    const where = `postgres://${user}@${encodeURIComponent(host)}/${database}`;
    await rounds(where, async () => {
      const client = new pg.Client({ host, user, database });
      await client.connect();
      const { rows } = await client.query('SELECT * FROM users');
      await client.end();
      return rows;
    });
  });
});
