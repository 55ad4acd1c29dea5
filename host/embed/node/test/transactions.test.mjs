// Transactions that the application has begun, and calls that are given up.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';

import pg from 'pg';

import { Scimlet } from '../dist/esm/index.js';
import { drivers, newPostgres } from './support/databases.mjs';
import { Client, setUp, USER } from './support/scim.mjs';

const named = (wanted) => drivers.filter(({ name }) => wanted.test(name));
const UNDO = new Error('undo');

for (const driver of named(/sqlite/)) {
  describe(`a transaction of the application: ${driver.name}`, () => {
    it('is joined by synchronous functions', async () => {
      const { acme, client, execute, close } = await setUp(driver);
      await execute('CREATE TABLE own (a TEXT)');
      const { id } = await client.create('ada@example.com');
      for (const end of ['ROLLBACK', 'COMMIT']) {
        await execute('BEGIN');
        await execute("INSERT INTO own VALUES ('x')");
        acme.adminSync.deactivateUser(id);
        assert.throws(() => acme.adminSync.user('nobody'), { kind: 'not-found' });
        assert.equal(acme.adminSync.user(id).active, false);
        await execute(end);
        assert.equal(acme.adminSync.user(id).active, end === 'ROLLBACK');
        assert.equal((await execute('SELECT * FROM own')).length, end === 'ROLLBACK' ? 0 : 1);
      }
      await close();
    });

    it('is not joined by a request that comes meanwhile', async () => {
      const { client, acme, connection, execute, close } = await setUp(driver);
      await execute('CREATE TABLE own (a TEXT)');
      await execute('BEGIN');
      await execute("INSERT INTO own VALUES ('x')");
      assert.equal((await client.send('POST', '/Users', { schemas: [USER], userName: 'bo@example.com' })).status, 503);
      // Unless it is said.
      await acme.in(connection).admin.importUsers([{ userName: 'cy@example.com' }]);
      await execute('ROLLBACK');
      assert.equal((await acme.admin.users()).Resources.length, 0);
      await close();
    });
  });
}

it("a savepoint that fails before the application's hook is not told as the application's failure", async () => {
  const driver = drivers.find(({ isSync }) => isSync);
  const topics = [];
  const log = ({ topic }) => topics.push(topic);
  const { client, connection, close } = await setUp(driver, { application: { beforeCommit() {} }, log });
  const prepare = connection.prepare.bind(connection);
  connection.prepare = (text) => {
    if (text !== 'SAVEPOINT scimlet_application') return prepare(text);
    throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  };
  assert.equal((await client.send('POST', '/Users', { schemas: [USER], userName: 'ada@example.com' })).status, 503);
  assert.equal(topics.includes('application'), false);
  assert.equal((await client.expect(200, 'GET', '/Users')).totalResults, 0);
  await close();
});

for (const driver of named(/Durable/)) {
  describe(`a transaction of the application: ${driver.name}`, () => {
    it('is joined', async () => {
      const { acme, client, connection, close } = await setUp(driver);
      const { id } = await client.create('ada@example.com');
      const undone = () => {
        acme.adminSync.deactivateUser(id);
        throw UNDO;
      };
      assert.throws(() => connection.transactionSync(undone), UNDO);
      assert.equal(acme.adminSync.user(id).active, true);
      connection.transactionSync(() => acme.adminSync.deactivateUser(id));
      assert.equal(acme.adminSync.user(id).active, false);
      await close();
    });
  });
}

for (const driver of named(/^pg\.Pool/)) {
  describe(`a transaction of the application: ${driver.name}`, () => {
    it('is joined', async () => {
      const { acme, client, connection: pool, close } = await setUp(driver);
      await pool.query('CREATE TABLE own (a text)');
      const { id } = await client.create('ada@example.com');
      for (const end of ['ROLLBACK', 'COMMIT']) {
        const connection = await pool.connect();
        await connection.query('BEGIN');
        await connection.query("INSERT INTO own VALUES ('x')");
        const joined = acme.in(connection);
        await joined.admin.deactivateUser(id);
        await assert.rejects(joined.admin.user('nobody'), { kind: 'not-found' });
        await assert.rejects(joined.admin.set({ 'users.seats': 'many' }), { kind: 'invalid' });
        assert.equal((await joined.admin.user(id)).active, false);
        // Others do not see it before it is committed.
        assert.equal((await acme.admin.user(id)).active, true);
        await connection.query(end);
        connection.release();
        // A pool has no transaction.
        assert.throws(() => acme.in(pool), TypeError);
        assert.equal((await acme.admin.user(id)).active, end === 'ROLLBACK');
        assert.equal((await pool.query('SELECT * FROM own')).rowCount, end === 'ROLLBACK' ? 0 : 1);
      }
      await close();
    });

    for (const mode of ['ACCESS EXCLUSIVE', 'EXCLUSIVE']) {
      it(`goes on after a statement that takes too long, in a lock that is ${mode}`, async () => {
        const { acme, client, connection: pool, close } = await setUp(driver);
        await pool.query('CREATE TABLE own (a text)');
        const { id } = await client.create('ada@example.com');
        const [holder, connection] = [await pool.connect(), await pool.connect()];
        const { rows } = await holder.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'scimlet_%'");
        await holder.query(`BEGIN; LOCK TABLE ${rows.map(({ tablename }) => tablename)} IN ${mode} MODE`);
        await connection.query("BEGIN; INSERT INTO own VALUES ('before'); SET LOCAL statement_timeout = 200");
        const { admin } = acme.in(connection);
        await assert.rejects(admin.createUser({ userName: 'bo@example.com' }), { kind: 'unavailable' });
        await connection.query("INSERT INTO own VALUES ('after')");
        await holder.query('ROLLBACK');
        assert.equal((await admin.user(id)).userName, 'ada@example.com');
        await connection.query('COMMIT');
        for (const one of [holder, connection]) one.release();
        assert.deepEqual((await pool.query('SELECT a FROM own')).rows, [{ a: 'before' }, { a: 'after' }]);
        assert.equal((await acme.admin.users()).Resources.length, 1);
        await close();
      });
    }
  });
}

describe('a call whose time is up', () => {
  it("is undone in the application's transaction, which goes on", async () => {
    const driver = drivers.find(({ name }) => name === 'pg.Pool');
    const { client, connection: pool, close } = await setUp(driver);
    const { id } = await client.create('ada@example.com');
    const limited = new Scimlet({ database: pool, time: 300 }).tenant('acme');
    const [holder, connection] = [await pool.connect(), await pool.connect()];
    // The call waits for the end of the tenant's chain of events in the middle of what it writes.
    await holder.query('BEGIN');
    await holder.query('SELECT * FROM scimlet_tenant FOR UPDATE');
    await connection.query('BEGIN');
    await connection.query("SET LOCAL lock_timeout = '10s'");
    await assert.rejects(limited.in(connection).admin.createUser({ userName: 'bo@example.com' }), { kind: 'time' });
    await holder.query('ROLLBACK');
    await connection.query('COMMIT');
    for (const one of [holder, connection]) one.release();
    const { totalResults, Resources } = await client.expect(200, 'GET', '/Users');
    assert.deepEqual([totalResults, Resources.map((user) => user.id)], [1, [id]]);
    await close();
  });

  for (const driver of named(/^pg\.Pool/)) {
    it(`closes its connection, and is undone: ${driver.name}`, async () => {
      const { client, connection: pool, close } = await setUp(driver);
      const limited = new Client(new Scimlet({ database: pool, time: 300 }).tenant('acme'), client.secret);
      const { id } = await client.create('ada@example.com');
      const holder = await pool.connect();
      await holder.query('BEGIN');
      await holder.query('SELECT * FROM scimlet_tenant FOR UPDATE');
      const closed = once(pool, 'remove', { signal: AbortSignal.timeout(5000) });
      await assert.rejects(limited.setActive(id, false), { name: 'ScimletError', kind: 'time' });
      // While the lock is still held.
      await closed;
      await holder.query('ROLLBACK');
      holder.release();
      assert.equal((await client.expect(200, 'GET', `/Users/${id}`)).active, true);
      assert.equal((await client.setActive(id, false)).active, false);
      assert.equal(pool.waitingCount, 0);
      await close();
    });
  }

  for (const pipeline of [false, true]) {
    it(`leaves nothing to the next one on the only connection${pipeline ? ', pipelined' : ''}`, async () => {
      const settings = { ...(await newPostgres()), pipeline };
      const driver = drivers.find(({ name }) => name === 'pg.Client');
      const application = { beforeCommit: (_, { connection: own }) => own.query("INSERT INTO own VALUES ('x')") };
      const { client, acme, connection, close } = await setUp(driver, { settings, application, time: 1000 });
      await connection.query('CREATE TABLE own (a text)');
      await client.create('bo@example.com');
      const holder = new pg.Client(settings);
      await holder.connect();
      await holder.query('BEGIN');
      // All but the events is written when the call waits for the end of their chain.
      await holder.query('SELECT * FROM scimlet_tenant FOR UPDATE');
      await assert.rejects(client.create('ada@example.com'), { kind: 'time' });
      setTimeout(() => holder.query('ROLLBACK'), 50);
      assert.ok((await acme.admin.set({ 'users.seats': 5 })) > 1);
      assert.equal((await connection.query('SELECT * FROM own')).rowCount, 1);
      await client.create('ada@example.com');
      await holder.end();
      await close();
    });
  }

  it('does not wait for a connection longer', async () => {
    const driver = drivers.find(({ name }) => name === 'pg.Pool');
    const { acme, connection: pool, close } = await setUp(driver);
    const limited = new Scimlet({ database: pool, time: 200 }).tenant('acme');
    const held = await Promise.all(Array.from({ length: 8 }, () => pool.connect()));
    await assert.rejects(limited.admin.set({ 'users.seats': 5 }), { kind: 'time' });
    for (const one of held) one.release();
    assert.ok((await acme.admin.set({ 'users.seats': 5 })) > 1);
    await close();
  });

  it('rolls back over a driver that answers at once', async () => {
    const [driver] = named(/sqlite/);
    const beforeCommit = () => {
      const end = performance.now() + 80;
      while (performance.now() < end);
    };
    const { client, connection, close } = await setUp(driver);
    const scimlet = new Scimlet({ database: connection, time: 50, application: { beforeCommit } });
    const limited = new Client(scimlet.tenant('acme'), client.secret);
    // A credential's first use is written by itself.
    await client.expect(200, 'GET', '/Users');
    await assert.rejects(limited.create('ada@example.com'), { kind: 'time' });
    assert.equal(connection.inTransaction ?? connection.isTransaction, false);
    assert.equal((await client.expect(200, 'GET', '/Users')).totalResults, 0);
    await close();
  });

  it('tells a client what of a bulk request was done', async () => {
    const [driver] = named(/sqlite/);
    let calls = 0;
    const beforeCommit = () => {
      calls += 1;
      const end = performance.now() + 1100;
      while (calls === 2 && performance.now() < end);
    };
    const profile = { extends: 'default' };
    const { client, close } = await setUp(driver, { profile, time: 1000, application: { beforeCommit } });
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'];
    const Operations = ['ada', 'bo', 'cy'].map((userName) => {
      return { method: 'POST', path: '/Users', bulkId: userName, data: { schemas: [USER], userName } };
    });
    const done = await client.expect(200, 'POST', '/Bulk', { schemas, Operations });
    assert.deepEqual(
      done.Operations.map(({ status }) => status),
      ['201', '503', '503'],
    );
    assert.equal((await client.expect(200, 'GET', '/Users')).totalResults, 1);
    await close();
  });
});

describe('a connection that breaks', () => {
  /** Breaks the connection at the statement of this number: before it is sent, or when it was answered. */
  function breaking(fault) {
    return class extends pg.Client {
      query(...args) {
        if (typeof args.at(-1) !== 'function') return this.faulty(args);
        // As the pool calls it.
        const callback = args.pop();
        this.faulty(args).then((result) => callback(undefined, result), callback);
      }

      async faulty(args) {
        const when = fault.next(args[0]?.text);
        if (when === 'before') this.connection.stream.destroy();
        const result = await super.query(...args);
        if (when !== 'after') return result;
        this.connection.stream.destroy();
        throw new Error('Connection terminated unexpectedly');
      }
    };
  }

  it("before the application's hook is not told as the application's failure", async () => {
    const settings = await newPostgres();
    const fault = { next: (text) => (text === 'SAVEPOINT scimlet_application' ? 'before' : undefined) };
    const driver = {
      ...drivers.find(({ name }) => name === 'pg.Pool'),
      open: async () => {
        const pool = new pg.Pool({ ...settings, Client: breaking(fault) });
        pool.on('error', () => {});
        return { connection: pool, close: () => pool.end() };
      },
    };
    const topics = [];
    const log = ({ topic }) => topics.push(topic);
    const { client, close } = await setUp(driver, { application: { beforeCommit() {} }, log });
    assert.equal((await client.send('POST', '/Users', { schemas: [USER], userName: 'ada@example.com' })).status, 503);
    assert.equal(topics.includes('application'), false);
    await close();
  });

  it('at any point lets no change happen twice, and loses none that was acknowledged', async () => {
    const settings = await newPostgres();
    const fault = {
      at: Number.POSITIVE_INFINITY,
      when: 'before',
      count: 0,
      next() {
        this.count += 1;
        return this.count === this.at ? this.when : undefined;
      },
    };
    const driver = {
      ...drivers.find(({ name }) => name === 'pg.Pool'),
      open: async () => {
        const pool = new pg.Pool({ ...settings, Client: breaking(fault) });
        pool.on('error', () => {});
        return { connection: pool, close: () => pool.end() };
      },
    };
    // With an application the beginning of the transaction is sent for it.
    const application = { beforeCommit() {} };
    const { client, acme, connection: pool, close } = await setUp(driver, { application });
    const seen = { 201: 0, 503: 0 };
    let done = false;
    for (let at = 1; !done; at += 1) {
      done = true;
      for (const when of ['before', 'after']) {
        Object.assign(fault, { at, when, count: 0 });
        const userName = `${when}-${at}@example.com`;
        const { status } = await client.send('POST', '/Users', {
          schemas: [USER],
          userName,
        });
        if (fault.count >= at) done = false;
        fault.at = Number.POSITIVE_INFINITY;
        seen[status] += 1;
        const filter = encodeURIComponent(`userName eq "${userName}"`);
        const { totalResults, Resources } = await client.expect(200, 'GET', `/Users?filter=${filter}`);
        if (status === 201) assert.equal(totalResults, 1);
        const created = (await acme.events(0, 1000)).filter(
          ({ name, subject }) => name.endsWith('create:notice') && subject.id === Resources?.[0]?.id,
        );
        assert.equal(created.length, totalResults);
      }
    }
    const users = await client.expect(200, 'GET', '/Users?count=0');
    const events = (await acme.events(0, 1000)).filter(({ name }) => name.endsWith('create:notice'));
    assert.equal(events.length, users.totalResults);
    assert.ok(seen[201] >= 2 && seen[503] >= 4, JSON.stringify(seen));
    // The end of what only reads is not awaited.
    while (pool.totalCount > pool.idleCount) await new Promise((resolve) => setTimeout(resolve, 10));
    await close();
  });
});
