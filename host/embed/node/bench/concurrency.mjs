// Requests over a database that takes 5 ms a statement, one at a time and 32 in flight: `npm run bench:concurrency`.
//
// PostgreSQL is that of `PGHOST` and so on if `PGHOST` is set, and otherwise started for this.

import pg from 'pg';

import { Scimlet } from '../dist/esm/index.js';
import { startPostgres } from '../test/support/postgres.mjs';

const MILLISECONDS = 5;
const IN_FLIGHT = 32;
const REQUESTS = Number(process.argv[2] ?? 256);

/** Each statement takes some milliseconds more, one after another on a connection. */
class SlowClient extends pg.Client {
  #last = Promise.resolve();

  query(...args) {
    const before = this.#last;
    const slow = async () => {
      await before.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, MILLISECONDS));
      return super.query(...args);
    };
    this.#last = slow();
    return this.#last;
  }
}

const cluster = process.env.PGHOST ? undefined : await startPostgres();
const settings = { ...(await cluster?.database()), pipeline: true, max: IN_FLIGHT };
const pool = new pg.Pool({ ...settings, Client: SlowClient });
// Of 32 creates in one tenant the last one waits for the others.
const scimlet = new Scimlet({ database: pool, time: 60_000 });
const SCHEMAS = ['urn:ietf:params:scim:schemas:core:2.0:User'];

let made = 0;

/** A new tenant, as functions that send a request. */
async function newTenant() {
  made += 1;
  const name = `bench-${made}-${Date.now()}`;
  await scimlet.tables.createTenant(name);
  const tenant = scimlet.tenant(name);
  await tenant.admin.configure({ extends: 'default' });
  const { secret } = await tenant.admin.issueCredential({ label: 'bench' });
  const headers = [
    ['authorization', `Bearer ${secret}`],
    ['content-type', 'application/scim+json'],
  ];
  const send = async (wanted, method, path, body = '') => {
    const response = await tenant.handle({ method, path, headers, body, baseUrl: 'http://scim.test' });
    if (response.status !== wanted) throw new Error(`${method}: ${response.status} ${response.body}`);
    return response.body;
  };
  const create = () => {
    made += 1;
    return send(201, 'POST', '/Users', JSON.stringify({ schemas: SCHEMAS, userName: `user-${made}@example.com` }));
  };
  const { id } = JSON.parse(await create());
  return { create, get: () => send(200, 'GET', `/Users/${id}`), remove: () => scimlet.tables.deleteTenant(name) };
}

/** Requests a second. */
async function measure(requests, inFlight, call) {
  const start = performance.now();
  const before = process.cpuUsage();
  let next = 0;
  const task = async () => {
    while (next < requests) {
      next += 1;
      await call(next);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, task));
  const { user, system } = process.cpuUsage(before);
  return { rate: (requests * 1000) / (performance.now() - start), processor: (user + system) / 1000 / requests };
}

async function compare(what, call) {
  await measure(IN_FLIGHT, 8, call);
  const one = await measure(Math.ceil(REQUESTS / 8), 1, call);
  const many = await measure(REQUESTS, IN_FLIGHT, call);
  const rates = `${one.rate.toFixed(1)} a second, ${IN_FLIGHT} in flight ${many.rate.toFixed(1)}`;
  const times = `${(many.rate / one.rate).toFixed(1)} times (wanted: 4)`;
  console.log(`${what.padEnd(28)} ${rates}: ${times}; ${many.processor.toFixed(2)} ms of processor time each`);
}

await scimlet.tables.migrate();
const tenants = await Promise.all(Array.from({ length: 16 }, newTenant));
await compare('GET by id', () => tenants[0].get());
await compare('create in 16 tenants', (count) => tenants[count % tenants.length].create());
await compare('create in one tenant', () => tenants[0].create());
for (const { remove } of tenants) await remove();
await pool.end();
await cluster?.stop();
