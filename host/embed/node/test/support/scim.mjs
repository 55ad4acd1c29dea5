// A tenant of a new database, and requests to it as a client sends them.

import assert from 'node:assert/strict';

import { Scimlet } from '../../dist/esm/index.js';

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const BASE = 'http://scim.test/scim/v2';

/** The client of a tenant, whose functions return status, headers and the parsed body. */
export class Client {
  constructor(tenant, secret) {
    this.tenant = tenant;
    this.secret = secret;
  }

  async send(method, target, body) {
    const [path, query = ''] = target.split('?');
    const headers = [
      ['authorization', `Bearer ${this.secret}`],
      ['content-type', 'application/scim+json'],
    ];
    const text = body === undefined ? '' : JSON.stringify(body);
    const response = await this.tenant.handle({ method, path, query, headers, body: text, baseUrl: BASE });
    return { ...response, body: response.body === '' ? undefined : JSON.parse(response.body) };
  }

  async expect(status, method, target, body) {
    const response = await this.send(method, target, body);
    assert.equal(response.status, status, `${method} ${target}: ${JSON.stringify(response.body)}`);
    return response.body;
  }

  create(userName, others) {
    return this.expect(201, 'POST', '/Users', { schemas: [USER], userName, ...others });
  }

  patch(status, target, ...Operations) {
    return this.expect(status, 'PATCH', target, { schemas: [PATCH], Operations });
  }

  setActive(id, active) {
    return this.patch(200, `/Users/${id}`, { op: 'replace', value: { active } });
  }
}

/** A new database with the tenant `acme`. */
export async function setUp(driver, { profile = { extends: 'okta' }, settings, ...options } = {}) {
  const { connection, close } = await driver.open(settings);
  const scimlet = new Scimlet({ database: connection, log: () => {}, ...options });
  await scimlet.tables.migrate();
  assert.equal(await scimlet.tables.createTenant('acme'), true);
  const acme = scimlet.tenant('acme');
  await acme.admin.configure(profile);
  const { secret } = await acme.admin.issueCredential({ label: 'test' });
  const execute = async (text) => driver.execute(connection, text);
  return { connection, close, scimlet, acme, execute, client: new Client(acme, secret) };
}
