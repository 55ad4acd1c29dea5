// A tenant over each driver.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Refusal, ScimletError } from '../dist/esm/index.js';
import { drivers } from './support/databases.mjs';
import { Client, GROUP, setUp, USER } from './support/scim.mjs';

const USERS = 'CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, active INTEGER)';

/** An application whose table `users` follows SCIM. */
function following(driver, more = () => {}) {
  const write = (change, next) => {
    const { resourceType, id, step, after } = change;
    if (resourceType !== 'User') return undefined;
    if (step === 'created') change.productId = `row-${id}`;
    return next(
      step === 'created'
        ? `INSERT INTO users (email, active) VALUES ('${after.userName}', 1)`
        : `UPDATE users SET active = ${after?.active ? 1 : 0} WHERE email = '${(after ?? change.before).userName}'`,
    );
  };
  return driver.isSync
    ? {
        beforeCommit(changes, { connection }) {
          for (const change of changes) write(change, (text) => driver.execute(connection, text));
          more(changes);
        },
      }
    : {
        async beforeCommit(changes, { connection }) {
          for (const change of changes) await write(change, (text) => driver.execute(connection, text));
          more(changes);
        },
      };
}

it('finds tenants in credentials after a request that was too large', async () => {
  const { client, scimlet, close } = await setUp(drivers[0], { memory: 8 << 20 });
  const of = (secret) => scimlet.tenantOf([['authorization', `Bearer ${secret}`]]);
  let thrown = 0;
  // Where memory ends in the middle of the call depends on the size.
  for (let size = 1 << 20; size < 8 << 20; size += 1 << 18) {
    try {
      of('x'.repeat(size));
    } catch {
      thrown += 1;
    }
    assert.equal(of(client.secret), 'acme');
  }
  assert.ok(thrown > 0);
  await close();
});

it('takes a group as large as a mount reads', async () => {
  const { client, acme, close } = await setUp(drivers[0]);
  const made = await acme.admin.importUsers(Array.from({ length: 10 }, (_, at) => ({ userName: `user-${at}` })));
  const display = 'x'.repeat(180);
  const members = Array.from({ length: 100_000 }, (_, at) => ({ value: made[at % 10].made, display }));
  const body = { schemas: [GROUP], displayName: 'Staff', members };
  const length = JSON.stringify(body).length;
  assert.ok(length > 22 << 20 && length < 24 << 20, String(length));
  const { id } = await client.expect(201, 'POST', '/Groups', body);
  assert.equal((await client.expect(200, 'GET', `/Groups/${id}`)).members.length, 10);
  await close();
});

it('takes a product id that was not set as none', async () => {
  const beforeCommit = ([change]) => {
    change.productId = undefined;
  };
  const { client, acme, close } = await setUp(drivers[0], { application: { beforeCommit } });
  const { id } = await client.create('ada@example.com');
  assert.equal((await acme.admin.user(id))['urn:scimlet:product'].productId, undefined);
  await close();
});

for (const driver of drivers) {
  describe(driver.name, () => {
    it('answers clients', async () => {
      const { client, close } = await setUp(driver);
      const { id, meta } = await client.create('ada@example.com', { displayName: 'Ada' });
      assert.equal(meta.location, `http://scim.test/scim/v2/Users/${id}`);
      const found = await client.expect(200, 'GET', '/Users?filter=userName%20eq%20%22ada@example.com%22');
      assert.deepEqual([found.totalResults, found.Resources[0].id], [1, id]);
      const members = [{ value: id }];
      const group = await client.expect(201, 'POST', '/Groups', { schemas: [GROUP], displayName: 'Staff', members });
      assert.equal((await client.expect(200, 'GET', `/Groups/${group.id}`)).members.length, 1);
      assert.equal((await client.setActive(id, false)).active, false);
      await client.expect(409, 'POST', '/Users', {
        schemas: [found.Resources[0].schemas[0]],
        userName: 'ada@example.com',
      });
      await client.expect(204, 'DELETE', `/Groups/${group.id}`);
      await client.expect(404, 'GET', `/Groups/${group.id}`);
      await new Client(client.tenant, 'acme.wrong').expect(401, 'GET', '/Users');
      await close();
    });

    it('knows good credentials', async () => {
      const { acme, client, close } = await setUp(driver);
      const request = (secret) => ({
        method: 'GET',
        path: '/Users',
        headers: [['authorization', `Bearer ${secret}`]],
        baseUrl: 'http://scim.test',
      });
      assert.equal((await acme.authorize(request(client.secret))).open, true);
      assert.equal((await acme.authorize(request('acme.wrong'))).status, 401);
      assert.equal((await acme.authorize(request(client.secret), 'events')).status, 403);
      await close();
    });

    it('keeps tenants apart', async () => {
      const { client, scimlet, acme, close } = await setUp(driver);
      assert.equal(await scimlet.tables.createTenant('acme'), false);
      assert.equal(await scimlet.tables.createTenant('globex'), true);
      const globex = scimlet.tenant('globex');
      await globex.admin.configure({ extends: 'okta' });
      const other = new Client(globex, (await globex.admin.issueCredential({ label: 'x' })).secret);
      const { id } = await client.create('ada@example.com');
      await other.expect(404, 'GET', `/Users/${id}`);
      assert.deepEqual(
        (await scimlet.tables.tenants()).map(({ name }) => name),
        ['acme', 'globex'],
      );
      assert.equal(await scimlet.tables.deleteTenant('acme'), true);
      assert.equal(await scimlet.tables.deleteTenant('acme'), false);
      await assert.rejects(acme.admin.profile(), ScimletError);
      await other.expect(200, 'GET', '/Users');
      await assert.rejects(scimlet.tables.createTenant('No Name'), { name: 'ScimletError', kind: 'invalid' });
      await close();
    });

    it('migrates once, however often it is asked', async () => {
      const { scimlet, client, close } = await setUp(driver);
      const { id } = await client.create('ada@example.com');
      await Promise.all(Array.from({ length: 4 }, () => scimlet.tables.migrate()));
      await client.expect(200, 'GET', `/Users/${id}`);
      await close();
    });

    it('is administered', async () => {
      const { client, acme, close } = await setUp(driver);
      const { id } = await client.create('ada@example.com');
      assert.equal((await acme.admin.user(id)).userName, 'ada@example.com');
      assert.equal((await acme.admin.users({ filter: 'userName sw "ada"' })).Resources.length, 1);
      await acme.admin.deactivateUser(id);
      assert.equal((await client.expect(200, 'GET', `/Users/${id}`)).active, false);
      await assert.rejects(acme.admin.user('nobody'), { name: 'ScimletError', kind: 'not-found' });
      await assert.rejects(acme.admin.configure({ users: { seats: 'many' } }), { kind: 'invalid' });
      assert.deepEqual(
        await acme.admin.importUsers([{ userName: 'bo@example.com' }]).then((all) => Object.keys(all[0])),
        ['made'],
      );
      const bo = await acme.admin.createUser({ userName: 'cy@example.com' }, 2n ** 60n);
      await acme.admin.patchUser(bo, { Operations: [{ op: 'replace', path: 'displayName', value: 'Cy' }] });
      assert.equal((await acme.admin.user(bo)).displayName, 'Cy');
      assert.equal(await acme.admin.findByProductId('User', 2n ** 60n), bo);
      await acme.admin.setProductId('User', bo, 'row-7');
      assert.equal(await acme.admin.findByProductId('User', 'row-7'), bo);
      const staff = await acme.admin.createGroup({ displayName: 'Staff', members: [{ value: bo }] });
      assert.equal((await acme.admin.group(staff)).members[0].value, bo);
      await acme.admin.deleteGroup(staff);
      await assert.rejects(acme.admin.group(staff), { kind: 'not-found' });
      const [text, version] = await acme.admin.profile();
      assert.deepEqual(JSON.parse(text), { extends: 'okta' });
      assert.equal(await acme.admin.set({ 'users.seats': 5 }), version + 1);
      await close();
    });

    it('tells events in their order', async () => {
      const { client, acme, close } = await setUp(driver);
      const { id } = await client.create('ada@example.com');
      await client.setActive(id, false);
      const events = await acme.events();
      assert.deepEqual(
        events.map(({ sequence }) => sequence),
        events.map((_, at) => at + 1),
      );
      const ended = new AbortController();
      const names = [];
      setTimeout(() => client.create('bo@example.com'), 20);
      for await (const event of acme.follow({ signal: ended.signal, interval: 10 })) {
        if (event.channel === 'feed') names.push([event.name.split(':').at(-2), event.subject.id === id]);
        if (event.name.endsWith('create:notice') && event.subject.id !== id) ended.abort();
      }
      assert.deepEqual(names[0], ['create', true]);
      assert.deepEqual(names.at(-1), ['create', false]);
      await close();
    });

    it("keeps the application's table in step", async () => {
      const steps = [];
      const application = following(driver, (changes) => {
        for (const { step, before, after } of changes) {
          steps.push(step);
          if (after?.displayName === 'Refused') throw new Refusal('not here', 403);
          if (after?.displayName === 'Broken') throw new Error('a bug of the application');
          assert.equal(before === null, step === 'created');
        }
      });
      const profile = { extends: 'okta', users: { seats: 1 } };
      const { client, acme, execute, close } = await setUp(driver, { application, profile });
      await execute(driver.dialect === 'sqlite' ? USERS : USERS.replace('INTEGER PRIMARY KEY', 'serial PRIMARY KEY'));
      const { id } = await client.create('ada@example.com');
      assert.equal(await acme.admin.findByProductId('User', `row-${id}`), id);
      assert.equal((await acme.admin.user(id))['urn:scimlet:product'].productId, `row-${id}`);
      // No seat is left: what the hook wrote is undone.
      await client.send('POST', '/Users', { schemas: [USER], userName: 'bo@example.com' });
      await client.setActive(id, false);
      const { body, status } = await client.send('POST', '/Users', {
        schemas: [USER],
        userName: 'cy@example.com',
        displayName: 'Refused',
      });
      assert.deepEqual([status, body.detail.includes('not here')], [403, true]);
      const broken = await client.send('POST', '/Users', {
        schemas: [USER],
        userName: 'cy@example.com',
        displayName: 'Broken',
      });
      assert.equal(broken.status, 503);
      assert.deepEqual(
        (await execute('SELECT email, active FROM users')).map(({ email, active }) => [email, Number(active)]),
        [['ada@example.com', 0]],
      );
      assert.equal((await client.expect(200, 'GET', '/Users')).totalResults, 1);
      assert.ok(steps.includes('created') && steps.includes('deactivated'));
      await close();
    });

    it('writes nothing after an application that ends the transaction', {
      skip: driver.name.startsWith('Durable') && 'it executes no COMMIT',
    }, async () => {
      const application = { beforeCommit: (_, { connection }) => void driver.execute(connection, 'COMMIT') };
      if (!driver.isSync) application.beforeCommit = (_, { connection }) => driver.execute(connection, 'COMMIT');
      const { client, acme, close } = await setUp(driver, { application });
      const { status } = await client.send('POST', '/Users', { schemas: [USER], userName: 'ada@example.com' });
      assert.equal(status, 503);
      assert.equal((await acme.admin.users()).Resources.length, 0);
      assert.ok((await acme.events()).every(({ name }) => !name.endsWith('create:notice')));
      // The connection serves on.
      await acme.admin.createUser({ userName: 'ada@example.com' });
      assert.equal((await client.expect(200, 'GET', '/Users')).totalResults, 1);
      await close();
    });

    it('does what 16 tasks want at once', async () => {
      const { client, acme, close } = await setUp(driver);
      const members = [];
      const group = await client.expect(201, 'POST', '/Groups', { schemas: [GROUP], displayName: 'Staff' });
      const task = async (number) => {
        const { id } = await client.create(`user-${number}@example.com`);
        await client.patch(200, `/Groups/${group.id}`, { op: 'add', path: 'members', value: [{ value: id }] });
        await client.setActive(id, false);
        members.push(id);
      };
      await Promise.all(Array.from({ length: 16 }, (_, number) => task(number)));
      const found = await client.expect(200, 'GET', `/Groups/${group.id}`);
      assert.deepEqual(found.members.map(({ value }) => value).sort(), members.sort());
      const events = await acme.events(0, 500);
      assert.deepEqual(
        events.map(({ sequence }) => sequence),
        events.map((_, at) => at + 1),
      );
      await close();
    });

    it('gives as many seats as there are to 16 who want one', async () => {
      const { client, close } = await setUp(driver, { profile: { extends: 'default', users: { seats: 5 } } });
      const create = (_, number) => client.send('POST', '/Users', { schemas: [USER], userName: `user-${number}` });
      const answers = await Promise.all(Array.from({ length: 16 }, create));
      const statuses = answers.map(({ status }) => status).sort();
      assert.deepEqual(statuses, [...Array(5).fill(201), ...Array(11).fill(403)]);
      assert.equal((await client.expect(200, 'GET', '/Users')).totalResults, 5);
      await close();
    });

    it('does all of a bulk request, but what is refused', async () => {
      const { client, close } = await setUp(driver, { profile: { extends: 'default' } });
      const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'];
      const names = ['a', 'b', 'a', 'c', 'b', 'd'];
      const Operations = names.map((name, at) => ({
        method: 'POST',
        path: '/Users',
        bulkId: String(at),
        data: { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: name },
      }));
      const done = await client.expect(200, 'POST', '/Bulk', { schemas, Operations });
      assert.deepEqual(
        done.Operations.map(({ status }) => status),
        ['201', '201', '409', '201', '409', '201'],
      );
      assert.equal((await client.expect(200, 'GET', '/Users')).totalResults, 4);
      await close();
    });
  });
}
