// What a request costs, in milliseconds of this process's processor time: `npm run bench`. Medians of rounds, with the
// least and the greatest.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import Database from 'better-sqlite3';

import { Scimlet } from '../dist/esm/index.js';

const ROUNDS = 7;
const SCHEMAS = ['urn:ietf:params:scim:schemas:core:2.0:User'];
const BASE = 'http://scim.test/scim/v2';

const folder = mkdtempSync(join(tmpdir(), 'scimlet-bench-'));

function open(options = {}) {
  const database = new Database(join(folder, 'app.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  return new Scimlet({ database, ...options });
}

function requests(tenant, secret) {
  const headers = [
    ['authorization', `Bearer ${secret}`],
    ['content-type', 'application/scim+json'],
  ];
  return (status, method, path, body) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const response = tenant.handleSync({ method, path, headers, body: text, baseUrl: BASE });
    if (response.status !== status) throw new Error(`${method} ${path}: ${response.status} ${response.body}`);
    return response.body === '' ? undefined : JSON.parse(response.body);
  };
}

/** Milliseconds of processor time of each call, a figure a round. */
function measure(times, call) {
  const rounds = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let count = 0; count < times; count += 1) call();
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / 1000 / times);
  }
  // The first one is compiled while it runs.
  return rounds.slice(1).sort((a, b) => a - b);
}

function print(what, wanted, figures, unit = 'ms') {
  const median = figures[figures.length >> 1];
  const [least, most] = [figures[0], figures.at(-1)].map((figure) => figure.toFixed(2));
  console.log(`${what.padEnd(44)} ${median.toFixed(2).padStart(8)} ${unit}  (${least} to ${most})   wanted: ${wanted}`);
}

function timeToFirstAnswer() {
  const script = fileURLToPath(new URL('./first-answer.mjs', import.meta.url));
  const figures = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { stdout, status } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
    if (status !== 0) throw new Error('no first answer');
    figures.push(Number(stdout));
  }
  return figures.sort((a, b) => a - b);
}

const scimlet = open();
scimlet.tablesSync.migrate();
scimlet.tablesSync.createTenant('acme');
const acme = scimlet.tenant('acme');
acme.adminSync.configure({ extends: 'default' });
const { secret } = acme.adminSync.issueCredential({ label: 'bench' });
const ask = requests(acme, secret);

let made = 0;
const create = () => {
  made += 1;
  return ask(201, 'POST', '/Users', { schemas: SCHEMAS, userName: `user-${made}@example.com`, displayName: 'A user' });
};
const { id } = create();
const get = () => ask(200, 'GET', `/Users/${id}`);
const fresh = requests(open({ instances: 0 }).tenant('acme'), secret);

print('GET by id', '0.35', measure(500, get));
print('create', '2', measure(100, create));
print(
  'GET by id in a fresh instance',
  '1.5',
  measure(100, () => fresh(200, 'GET', `/Users/${id}`)),
);

const members = Array.from({ length: 1000 }, () => ({ value: create().id }));
const group = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'Large', members };
const { id: groupId } = ask(201, 'POST', '/Groups', group);
print(
  'GET of a group of 1,000',
  '-',
  measure(10, () => ask(200, 'GET', `/Groups/${groupId}`)),
);
print(
  'PUT of a group of 1,000',
  '-',
  measure(5, () => ask(200, 'PUT', `/Groups/${groupId}`, group)),
);
print('start to first answer, by the clock', '200', timeToFirstAnswer());

rmSync(folder, { recursive: true });
