// Runs that stop and are repeated, over a module that is a script: what the module would ask, the script asks.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { durableObject } from '../dist/esm/databases/durable-object.js';
import { Pool } from '../dist/esm/module.js';
import { runAsync, runInTransaction } from '../dist/esm/run.js';
import { AsyncSession, SyncSession } from '../dist/esm/session.js';
import { DurableObjectStandIn } from './support/stand-ins.mjs';

const surroundings = { log() {}, hooks: undefined };

/** A pool of instances that run this function. It gets a function that asks, and returns a text. */
function scripted(script) {
  const instantiate = () => ({
    memory: new Uint8Array(),
    call: (_text, answer) =>
      script((call, args = {}) => {
        const { error, return: value } = JSON.parse(answer(JSON.stringify({ call, arguments: args })));
        return error === undefined ? value : { err: { failed: error } };
      }),
  });
  return new Pool({ instantiate }, 4, false);
}

const isFailed = (result) => result?.err !== undefined;

/** As the module does: reads, and then a transaction that is tried again where that helps. */
function storing(ask) {
  const found = ask('sql.execute', { statements: [{ text: 'read', parameters: [] }] });
  if (isFailed(found)) return 'unavailable';
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const begun = ask('sql.begin', { mode: 'write' });
    let result = isFailed(begun) ? begun : ask('sql.execute', { statements: [{ text: 'lock', parameters: [] }] });
    if (!isFailed(result)) {
      const insert = { text: 'insert', parameters: [{ text: String(attempt) }] };
      result = ask('sql.execute', { statements: [insert, insert] });
    }
    if (!isFailed(result)) result = ask('sql.commit');
    if (!isFailed(result)) return 'stored';
    ask('sql.roll-back');
    if (result.err.again === undefined) return result.err.unknown === undefined ? 'unavailable' : 'unknown';
  }
  return 'unavailable';
}

/** A driver that counts, and whose operation of each number does what is wanted. */
class Driver {
  dialect = 'postgres';
  log = [];
  held = 0;
  stored = 0;
  operations = 0;

  constructor(fault = () => {}) {
    this.fault = fault;
  }

  failure = (error, committing) => (committing && error.lost ? 'unknown' : (error.kind ?? 'failed'));

  async step(name, run = () => {}) {
    await new Promise((resolve) => setImmediate(resolve));
    this.operations += 1;
    const { before, after } = this.fault(this.operations, name) ?? {};
    if (before) await before();
    this.log.push(name);
    run();
    if (after) await after();
    return [];
  }

  execute = async (statements) => {
    for (const { text } of statements) await this.step(text);
    return statements.map(() => []);
  };

  acquire = async () => {
    await this.step('acquire');
    this.held += 1;
    let pending = 0;
    let isGone = false;
    return {
      connection: this,
      begin: () => this.step('begin'),
      execute: async (statements) => {
        for (const { text } of statements) {
          if (isGone) throw new Error('given back');
          await this.step(text, () => {
            if (text === 'insert') pending += 1;
          });
        }
        return statements.map(() => []);
      },
      commit: () =>
        this.step('commit', () => {
          this.stored += pending;
          pending = 0;
        }),
      rollBack: () =>
        this.step('roll back', () => {
          pending = 0;
        }),
      release: (broken) => {
        isGone = true;
        this.held -= 1;
        this.log.push(broken ? 'close' : 'release');
      },
    };
  };
}

async function run(driver, script = storing, milliseconds = 1000) {
  const session = new AsyncSession(driver, surroundings);
  const answer = await runAsync(scripted(script), 'acme', '{}', session, milliseconds);
  await session.end();
  return answer;
}

const fails = (properties) => () => {
  throw Object.assign(new Error('injected'), properties);
};

describe('a run over a driver that answers later', () => {
  it('asks each thing once', async () => {
    const driver = new Driver();
    assert.equal(await run(driver), 'stored');
    assert.deepEqual(driver.log, ['read', 'acquire', 'begin', 'lock', 'insert', 'insert', 'commit', 'release']);
    assert.deepEqual([driver.stored, driver.held], [2, 0]);
  });

  it('never commits twice, wherever the driver fails', async () => {
    const all = new Driver();
    await run(all);
    const outcomes = new Set();
    for (let at = 1; at <= all.operations; at += 1) {
      // What the database has done it does not report as failed; but the report may get lost.
      const faults = [
        ['before', {}],
        ['before', { kind: 'again' }],
        ['before', { lost: true }],
        ['after', { lost: true }],
      ];
      for (const [when, properties] of faults) {
        const driver = new Driver((number) => number === at && { [when]: fails(properties) });
        const answer = await run(driver);
        outcomes.add(answer);
        assert.equal(driver.held, 0, `${at} ${when}: ${driver.log}`);
        if (answer === 'stored') assert.equal(driver.stored, 2);
        if (answer === 'unavailable') assert.equal(driver.stored, 0);
        if (answer === 'unknown') assert.ok(driver.stored === 0 || driver.stored === 2);
      }
    }
    assert.deepEqual([...outcomes].sort(), ['stored', 'unavailable', 'unknown']);
  });

  it('ends when its time is up, and closes what it holds', async () => {
    const all = new Driver();
    await run(all);
    const names = all.log.filter((name) => name !== 'release');
    for (const [index, name] of names.entries()) {
      if (name === 'commit') continue;
      let go;
      const gate = new Promise((resolve) => {
        go = resolve;
      });
      const driver = new Driver((number) => number === index + 1 && { before: () => gate });
      await assert.rejects(run(driver, storing, 30), { name: 'ScimletError', kind: 'time' });
      go();
      for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(driver.held, 0, `${name}: ${driver.log}`);
      assert.equal(driver.stored, 0);
      // Only what was sent already comes after the end: no commit and no rollback. Of further statements this says
      // nothing: the stand-in itself sends none after that, as every connection has to.
      const [, ...behind] = driver.log.slice(driver.log.indexOf('close'));
      if (driver.log.includes('close')) assert.deepEqual(behind, [name]);
    }
  });

  it('waits for a commit that it has sent', async () => {
    const milliseconds = 1000;
    const end = performance.now() + milliseconds;
    const slow = () => new Promise((resolve) => setTimeout(resolve, end - performance.now() + 100));
    const driver = new Driver((_, name) => name === 'commit' && { before: slow });
    assert.equal(await run(driver, storing, milliseconds), 'stored');
    assert.deepEqual([driver.stored, driver.held], [2, 0]);
  });

  it('does not say that a commit without an answer was undone', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    let go;
    const gate = new Promise((resolve) => {
      go = resolve;
    });
    const driver = new Driver((_, name) => name === 'commit' && { before: () => gate });
    const running = run(driver);
    while (driver.operations < 7) await new Promise((resolve) => setImmediate(resolve));
    test.mock.timers.tick(2000);
    await new Promise((resolve) => setImmediate(resolve));
    test.mock.timers.tick(10_000);
    assert.equal(await running, 'unknown');
    go();
    assert.deepEqual([driver.held, driver.log.at(-1)], [0, 'close']);
  });

  it('tells what it has committed when its time is up', async () => {
    const notes = [];
    const thrice = (ask) => {
      const results = [storing(ask), storing(ask), storing(ask)];
      ask('journal.write', { note: { text: 'end' } });
      return results.join();
    };
    let commits = 0;
    const late = () => new Promise(() => {});
    const driver = new Driver((_, name) => {
      if (name === 'commit') commits += 1;
      return name === 'lock' && commits === 1 && { before: late };
    });
    const session = new AsyncSession(driver, { ...surroundings, log: ({ text }) => notes.push(text) });
    assert.equal(await runAsync(scripted(thrice), 'acme', '{}', session, 200), 'stored,unavailable,unavailable');
    assert.deepEqual([driver.stored, driver.held, notes], [2, 0, ['end']]);
  });

  it('does not wait for the end of what only reads', async () => {
    const reading = (ask) => {
      ask('sql.begin', { mode: 'read' });
      const rows = ask('sql.execute', { statements: [{ text: 'read', parameters: [] }] });
      ask('sql.commit');
      return isFailed(rows) ? 'unavailable' : 'read';
    };
    const driver = new Driver();
    const session = new AsyncSession(driver, surroundings);
    assert.equal(await runAsync(scripted(reading), 'acme', '{}', session, 1000), 'read');
    assert.equal(driver.log.includes('commit'), false);
    await session.end();
    assert.deepEqual([driver.log.at(-2), driver.log.at(-1), driver.held], ['commit', 'release', 0]);
  });

  it('notices a module that is no function of its answers', async () => {
    let runs = 0;
    const fickle = (ask) => {
      runs += 1;
      ask('sql.execute', { statements: [{ text: `read ${runs}`, parameters: [] }] });
      return 'read';
    };
    await assert.rejects(run(new Driver(), fickle), { kind: 'fault' });
  });
});

describe('a run over transactions that are functions', () => {
  const statement = (text, ...parameters) => ({ text, parameters: parameters.map((value) => ({ integer: value })) });
  const insert = (ask, number) => ask('sql.execute', { statements: [statement('INSERT INTO t VALUES (?)', number)] });
  /** A transaction for each number; a negative one is rolled back. */
  const transactions = (numbers) => (ask) => {
    for (const number of numbers) {
      ask('sql.begin', { mode: 'write' });
      insert(ask, Math.abs(number));
      ask(number < 0 ? 'sql.roll-back' : 'sql.commit');
    }
    const rows = ask('sql.execute', { statements: [statement('SELECT a FROM t ORDER BY a')] });
    return JSON.stringify(rows.ok?.[0].flat().map(({ integer }) => integer));
  };
  const runOver = (storage, script) => {
    const database = durableObject(storage);
    const session = new SyncSession(database, surroundings, false, 1000);
    return runInTransaction(scripted(script), 'acme', '{}', database.transaction, session);
  };

  for (const numbers of [[1], [-1], [1, 2], [1, -2], [-1, 2], [1, 2, -3, 4], [1, -2, 3, -4, 5], [-1, -2, 3, -4]]) {
    it(`keeps what was committed of ${numbers}`, () => {
      const storage = new DurableObjectStandIn();
      storage.sql.exec('CREATE TABLE t (a INTEGER)');
      const kept = numbers.filter((number) => number > 0);
      assert.equal(runOver(storage, transactions(numbers)), JSON.stringify(kept));
      assert.deepEqual(
        storage.sql.exec('SELECT a FROM t ORDER BY a').toArray(),
        kept.map((a) => ({ a })),
      );
    });
  }

  it("joins the application's", () => {
    const storage = new DurableObjectStandIn();
    storage.sql.exec('CREATE TABLE t (a INTEGER)');
    assert.throws(() =>
      storage.transactionSync(() => {
        assert.equal(runOver(storage, transactions([1, -2])), '[1]');
        throw new Error('undo');
      }),
    );
    assert.deepEqual(storage.sql.exec('SELECT a FROM t').toArray(), []);
  });
});
