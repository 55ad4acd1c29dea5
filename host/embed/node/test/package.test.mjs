// What the package holds: both forms of its code, its types, and all functions of the WIT.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as esm from 'scimlet';

import { drivers } from './support/databases.mjs';

const here = fileURLToPath(new URL('..', import.meta.url));
const wit = (name) => readFileSync(new URL(`../../../../wit/${name}.wit`, import.meta.url), 'utf8');

it('is one for import and for require', async () => {
  const cjs = createRequire(import.meta.url)('scimlet');
  assert.deepEqual(Object.keys(cjs).sort(), Object.keys(esm).sort());
  const { connection, close } = await drivers[0].open();
  const scimlet = new cjs.Scimlet({ database: connection });
  await scimlet.tables.migrate();
  assert.deepEqual(await scimlet.tables.tenants(), []);
  await close();
});

it('has all functions of admin and tables', () => {
  const scimlet = new esm.Scimlet({ database: { dialect: 'sqlite' } });
  const camel = (name) => name.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
  const functions = (name) => [...wit(name).matchAll(/^ {2}([a-z-]+): func\(/gm)].map(([, found]) => camel(found));
  const tenant = scimlet.tenant('acme');
  assert.ok(functions('admin').length > 20);
  for (const name of [...functions('admin'), ...functions('directory')]) {
    assert.equal(typeof tenant.admin[name], 'function', name);
    assert.equal(typeof tenant.adminSync[name], 'function', name);
  }
  for (const name of functions('tables').filter((other) => other !== 'events')) {
    assert.equal(typeof scimlet.tables[name], 'function', name);
    assert.equal(typeof scimlet.tablesSync[name], 'function', name);
  }
});

it('has types that fit those of the drivers and servers', () => {
  const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
  const options = { cwd: here, encoding: 'utf8' };
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', 'test/types'], options);
  assert.equal(status, 0, stdout);
});

it('packs what it needs, and no more', () => {
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: here,
    encoding: 'utf8',
  });
  const [{ files }] = Object.values(JSON.parse(stdout));
  const folders = new Set(files.map(({ path }) => path.split('/')[0]));
  assert.deepEqual([...folders].sort(), ['LICENSE', 'README.md', 'dist', 'package.json', 'src', 'wasm']);
  for (const path of ['wasm/scimlet-module.wasm', 'dist/esm/index.js', 'dist/cjs/index.d.ts']) {
    assert.ok(
      files.some((file) => file.path === path),
      path,
    );
  }
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  assert.equal(dependencies, undefined);
});
