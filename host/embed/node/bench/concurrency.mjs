// Requests over a database that takes 5 ms a statement, one at a time and 32 in flight: `npm run bench:concurrency`.
//
// PostgreSQL is that of `PGHOST` and so on if `PGHOST` is set, and otherwise started for this.

import pg from 'pg';

import { Scimlet } from '../dist/esm/index.js';
import { startPostgres } from '../test/support/postgres.mjs';

const MILLISECONDS = 5;
const IN_FLIGHT = 32;
const REQUESTS = Number(process.argv[2] ?? 256);

/** Each statement takes some milliseconds more. */
class SlowClient extends pg.Client {
  async query(...args) {
    await new Promise((resolve) => setTimeout(resolve, MILLISECONDS));
    return super.query(...args);
  }
}

const cluster = process.env.PGHOST ? undefined : await startPostgres();
const pool = new pg.Pool({ ...(await cluster?.database()), Client: SlowClient, max: IN_FLIGHT });
const scimlet = new Scimlet({ database: pool });
await scimlet.tables.migrate();
await scimlet.tables.createTenant('bench');
const tenant = scimlet.tenant('bench');
await tenant.admin.configure({ extends: 'default' });
const { secret } = await tenant.admin.issueCredential({ label: 'bench' });

let made = 0;
async function create() {
  made += 1;
  const body = JSON.stringify({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: `user-${made}-${Date.now()}@example.com`,
  });
  const headers = [
    ['authorization', `Bearer ${secret}`],
    ['content-type', 'application/scim+json'],
  ];
  const { status } = await tenant.handle({
    method: 'POST',
    path: '/Users',
    headers,
    body,
    baseUrl: 'http://scim.test',
  });
  if (status !== 201) throw new Error(`the answer is ${status}`);
}

/** Requests a second. */
async function measure(requests, inFlight) {
  const start = performance.now();
  const before = process.cpuUsage();
  let left = requests;
  const task = async () => {
    while (left > 0) {
      left -= 1;
      await create();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, task));
  const { user, system } = process.cpuUsage(before);
  const rate = (requests * 1000) / (performance.now() - start);
  const processor = (user + system) / 1000 / requests;
  console.log(
    `${String(inFlight).padStart(2)} in flight: ${rate.toFixed(1)} creates/s, ${processor.toFixed(2)} ms of processor time each`,
  );
  return rate;
}

await measure(32, 4);
const one = await measure(Math.ceil(REQUESTS / 8), 1);
const many = await measure(REQUESTS, IN_FLIGHT);
console.log(`${(many / one).toFixed(1)} times as many (wanted: 4)`);
await scimlet.tables.deleteTenant('bench');
await pool.end();
await cluster?.stop();
