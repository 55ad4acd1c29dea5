// The contract of stores over the drivers, and over a connection that breaks it. SCIMLET_CONTRACT_MODULE names its
// file.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import Database from 'better-sqlite3';

import { Contract } from '../dist/esm/index.js';
import { drivers, newPath } from './support/databases.mjs';

const CASES = [
  'get_commit::an_inserted_entry_is_read_back',
  'get_commit::a_refused_commit_leaves_no_trace',
  'unique::types_are_kept_apart',
  'links::linking_raises_the_source_alone',
  'limits::nul_is_kept_or_invalid',
  'isolation::tenants_share_nothing',
];

const file = process.env.SCIMLET_CONTRACT_MODULE;
const skip = file === undefined && process.env.CI !== 'true' ? 'SCIMLET_CONTRACT_MODULE names no file' : false;

describe('the contract of stores', { skip }, () => {
  const wasm = () => readFileSync(file);

  for (const { name, open } of drivers) {
    it(`is held over ${name}`, async () => {
      const { connection, close } = await open();
      const contract = new Contract({ database: connection, wasm: wasm() });
      const cases = await contract.cases();
      assert.deepEqual(
        CASES.filter((one) => !cases.includes(one)),
        [],
      );
      assert.deepEqual(await contract.run(CASES), []);
      await close();
    });
  }

  it('is broken by a connection that commits nothing', async () => {
    const database = new Database(newPath());
    const prepare = database.prepare.bind(database);
    database.prepare = (text) => prepare(text === 'COMMIT' ? 'ROLLBACK' : text);
    const told = await new Contract({ database, wasm: wasm() }).run(CASES.slice(0, 1));
    assert.equal(told.length, 1);
    assert.match(told[0], /^get_commit: an inserted entry is read back/);
  });
});
