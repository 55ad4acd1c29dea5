// Each driver by itself: values, transactions, failures.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { databaseOf } from '../dist/esm/databases/detect.js';
import { pgClient, pgJoined } from '../dist/esm/databases/pg.js';
import { StatementCache } from '../dist/esm/databases/statements.js';
import { drivers, newPath, newPostgres } from './support/databases.mjs';

const mark = (dialect, number) => (dialect === 'sqlite' ? '?' : `$${number}`);

/** Executes over either kind of database. */
async function execute(database, text, parameters = []) {
  if (!('acquire' in database)) return database.execute(text, parameters);
  const [rows] = await database.execute([{ text, parameters }]);
  return rows;
}

for (const { name, dialect, open } of drivers) {
  describe(name, () => {
    it('keeps values as they are', async () => {
      const { connection, close } = await open();
      const database = databaseOf(connection);
      assert.equal(database.dialect, dialect);
      const blob = dialect === 'sqlite' ? 'BLOB' : 'bytea';
      const real = dialect === 'sqlite' ? 'REAL' : 'double precision';
      await execute(database, `CREATE TABLE v (i bigint, r ${real}, t text, b ${blob}, n text)`);
      const m = (number) => mark(dialect, number);
      const bytes = Uint8Array.of(0, 255, 128);
      for (const integer of [0n, -5n, 2n ** 53n - 1n]) {
        const values = [integer, 2.5, 'Ünï"cöde\n', bytes, null];
        await execute(database, `INSERT INTO v VALUES (${m(1)}, ${m(2)}, ${m(3)}, ${m(4)}, ${m(5)})`, values);
        const rows = await execute(database, `SELECT i, r, t, b, n FROM v WHERE i = ${m(1)} AND t = ${m(2)}`, [
          integer,
          'Ünï"cöde\n',
        ]);
        const [[i, r, t, b, n], ...others] = rows;
        assert.deepEqual([i, r, t, n, others], [integer, 2.5, 'Ünï"cöde\n', null, []]);
        assert.deepEqual(Uint8Array.from(b), bytes);
      }
      await close();
    });

    it('returns two columns of one name', async () => {
      const { connection, close } = await open();
      assert.deepEqual(await execute(databaseOf(connection), "SELECT 'a' AS x, 'b' AS x"), [['a', 'b']]);
      await close();
    });

    it('keeps large integers, where it can', {
      skip: name.startsWith('Durable') && 'its numbers are doubles',
    }, async () => {
      const { connection, close } = await open();
      const database = databaseOf(connection);
      const text = dialect === 'sqlite' ? 'SELECT ?' : 'SELECT $1::bigint';
      assert.deepEqual(await execute(database, text, [2n ** 63n - 1n]), [[2n ** 63n - 1n]]);
      await close();
    });

    it('gives back what it did not commit', async () => {
      const { connection, close } = await open();
      const database = databaseOf(connection);
      await execute(database, 'CREATE TABLE t (a bigint)');
      if ('acquire' in database) {
        for (const end of ['rollBack', 'commit']) {
          const one = await database.acquire();
          await one.begin('write');
          await one.execute([{ text: 'INSERT INTO t VALUES ($1)', parameters: [end === 'commit' ? 2n : 1n] }]);
          await one[end]();
          one.release(false);
        }
      } else if (database.transaction) {
        const undo = new Error('undo');
        const insert = (number) => database.execute('INSERT INTO t VALUES (?)', [number]);
        const undone = () => {
          insert(1n);
          throw undo;
        };
        assert.throws(() => database.transaction(undone), undo);
        database.transaction(() => insert(2n));
      } else {
        database.execute('BEGIN IMMEDIATE', []);
        assert.equal(database.inTransaction(), true);
        database.execute('INSERT INTO t VALUES (?)', [1n]);
        database.execute('ROLLBACK', []);
        assert.equal(database.inTransaction(), false);
        database.execute('INSERT INTO t VALUES (?)', [2n]);
      }
      assert.deepEqual(await execute(database, 'SELECT a FROM t'), [[2n]]);
      await close();
    });

    it('says that an error of the statement is final', async () => {
      const { connection, close } = await open();
      const database = databaseOf(connection);
      await assert.rejects(execute(database, 'SELECT nonsense FROM nowhere'), (error) => {
        assert.equal(database.failure(error, false), 'failed');
        return true;
      });
      await close();
    });
  });
}

describe('a busy database', () => {
  for (const { name, open } of drivers.filter(({ name }) => /sqlite/.test(name))) {
    it(`is one to be tried again: ${name}`, async () => {
      const path = newPath();
      const [one, two] = [await open(path), await open(path)];
      const [holder, other] = [databaseOf(one.connection), databaseOf(two.connection)];
      other.execute('PRAGMA busy_timeout = 0', []);
      holder.execute('BEGIN IMMEDIATE', []);
      assert.throws(
        () => other.execute('BEGIN IMMEDIATE', []),
        (error) => other.failure(error) === 'again',
      );
      holder.execute('ROLLBACK', []);
      one.close();
      two.close();
    });
  }

  it('is one to be tried again: PostgreSQL', async () => {
    const settings = await newPostgres();
    const { open } = drivers.find(({ name }) => name === 'pg.Pool');
    const { connection, close } = await open(settings);
    const database = databaseOf(connection);
    await database.execute([{ text: 'CREATE TABLE t (a int)', parameters: [] }]);
    const holder = await database.acquire();
    await holder.begin('write');
    await holder.execute([{ text: 'LOCK TABLE t', parameters: [] }]);
    const inTransaction = await database.acquire();
    await inTransaction.begin('write');
    await assert.rejects(
      inTransaction.execute([{ text: 'LOCK TABLE t NOWAIT', parameters: [] }]),
      (error) => database.failure(error, false) === 'again',
    );
    // A transaction in which a statement failed is not committed.
    await assert.rejects(inTransaction.commit(), (error) => database.failure(error, true) === 'failed');
    for (const one of [holder, inTransaction]) {
      await one.rollBack();
      one.release(false);
    }
    await close();
  });

  it('does not say what became of a commit if the connection breaks', () => {
    const database = databaseOf({ query() {} });
    const lost = new Error('Connection terminated unexpectedly');
    assert.equal(database.failure(lost, true), 'unknown');
    assert.equal(database.failure(lost, false), 'failed');
    assert.equal(database.failure(Object.assign(new Error(), { code: '23505' }), true), 'failed');
    assert.equal(database.failure(Object.assign(new Error(), { code: '40001' }), true), 'again');
    for (const code of ['ECONNRESET', 'EPIPE', '57P01', '08006', '40003']) {
      assert.equal(database.failure(Object.assign(new Error(), { code }), true), 'unknown', code);
    }
  });
});

describe('prepared statements', () => {
  it('are kept, those that were used last', () => {
    const prepared = [];
    const cache = new StatementCache((text) => {
      prepared.push(text);
      return text;
    }, 3);
    for (const text of ['a', 'b', 'c', 'a', 'd', 'a', 'c', 'b']) assert.equal(cache.get(text), text);
    assert.deepEqual(prepared, ['a', 'b', 'c', 'd', 'b']);
  });
});

describe('a connection of pg that was given back', () => {
  for (const pipeline of [false, true]) {
    it(`sends nothing more${pipeline ? ', pipelined' : ''}`, async () => {
      const sent = [];
      const query = async ({ text }) => {
        sent.push(text);
        return { rows: [] };
      };
      const statements = [
        { text: 'one', parameters: [] },
        { text: 'two', parameters: [] },
      ];
      for (const database of [pgClient, pgJoined]) {
        const connection = await database({ query, pipeline, on() {}, off() {} }).acquire();
        const beginning = connection.begin('write');
        connection.release(true);
        await beginning;
        await assert.rejects(connection.execute(statements));
      }
      assert.ok(!sent.includes('one') && !sent.includes('two'), sent.join('; '));
    });
  }
});
