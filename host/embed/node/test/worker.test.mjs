// The package in workerd, the runtime of Cloudflare Workers, over the SQL of a real Durable Object.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import workerd from 'workerd';

import { USER } from './support/scim.mjs';

const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const skip = spawnSync(workerd.default, ['--version']).status === 0 ? false : 'workerd does not run on this machine';

/** Bundles the Worker as Wrangler does, and returns a folder with all that workerd wants. */
async function bundle() {
  const folder = mkdtempSync(join(tmpdir(), 'scimlet-worker-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  await build({
    entryPoints: [file('./worker/worker.mjs')],
    outfile: join(folder, 'worker.mjs'),
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker'],
    external: ['cloudflare:workers', '*.wasm'],
    logLevel: 'error',
  });
  copyFileSync(file('./worker/config.capnp'), join(folder, 'config.capnp'));
  copyFileSync(file('../wasm/scimlet-module.wasm'), join(folder, 'scimlet-module.wasm'));
  mkdirSync(join(folder, 'disk'));
  return folder;
}

async function start(folder) {
  const options = [
    'serve',
    '--control-fd=1',
    `--directory-path=disk=${join(folder, 'disk')}`,
    join(folder, 'config.capnp'),
  ];
  const child = spawn(workerd.default, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  after(() => child.kill());
  const [line] = await once(createInterface(child.stdout), 'line');
  return `http://127.0.0.1:${JSON.parse(line).port}`;
}

it('runs in a Durable Object', { skip }, async () => {
  const root = await start(await bundle());
  const { secret } = await (await fetch(`${root}/new`)).json();
  const send = async (status, method, path, body) => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/scim+json' };
    const response = await fetch(`${root}/scim/v2${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    assert.equal(response.status, status, text);
    return JSON.parse(text);
  };
  const create = (status, userName, others) =>
    send(status, 'POST', '/Users', { schemas: [USER], userName, active: true, ...others });
  const users = async () => (await fetch(`${root}/users`)).json();

  const { id, meta } = await create(201, 'ada@example.com');
  assert.equal(meta.location, `${root}/scim/v2/Users/${id}`);
  // What the hook wrote before it refused is undone, and so is what it wrote for a user without a seat.
  assert.match((await create(403, 'bo@example.com', { displayName: 'Refused' })).detail, /not here/);
  await create(201, 'bo@example.com');
  await create(403, 'cy@example.com');
  const Operations = [{ op: 'replace', value: { active: false } }];
  await send(200, 'PATCH', `/Users/${id}`, { schemas: [PATCH], Operations });
  await create(409, 'bo@example.com');
  assert.deepEqual(await users(), [
    { id: 1, email: 'ada@example.com', active: 0 },
    { id: 2, email: 'bo@example.com', active: 1 },
  ]);
  const found = await send(200, 'GET', '/Users?filter=active%20eq%20false');
  assert.deepEqual(
    found.Resources.map((user) => user.id),
    [id],
  );
  assert.equal((await send(200, 'GET', '/Users')).totalResults, 2);
});
