// The README's first example, with the packages that are installed here.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { drivers } from './support/databases.mjs';

const here = fileURLToPath(new URL('..', import.meta.url));
const skip = drivers.some(({ name }) => name === 'better-sqlite3') ? false : 'better-sqlite3 cannot be loaded here';

it('the first example does what the README says', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'scimlet-example-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  symlinkSync(here, join(modules, 'scimlet'));
  for (const name of ['better-sqlite3', 'express']) symlinkSync(join(here, 'node_modules', name), join(modules, name));
  const options = { encoding: 'utf8' };
  const { status, stderr } = spawnSync(process.execPath, [join(here, 'scripts/example.mjs'), folder], options);
  assert.equal(status, 0, stderr);
  rmSync(folder, { recursive: true });
});
