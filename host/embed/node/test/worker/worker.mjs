// A Worker whose Durable Object has a table of its own that follows SCIM.

import { DurableObject } from 'cloudflare:workers';
import { Refusal, Scimlet } from 'scimlet';

function beforeCommit(changes, { connection: { sql } }) {
  for (const change of changes.filter(({ resourceType }) => resourceType === 'User')) {
    const { userName, active = true, displayName } = change.after;
    if (change.step === 'created') {
      change.productId = sql.exec('INSERT INTO users (email, active) VALUES (?, 1) RETURNING id', userName).one().id;
    } else {
      sql.exec('UPDATE users SET active = ? WHERE id = ?', Number(active), change.productId);
    }
    if (displayName === 'Refused') throw new Refusal('not here', 403);
  }
}

export class Provisioning extends DurableObject {
  #scimlet;
  #handler;

  async fetch(request) {
    if (!this.#scimlet) {
      const { storage } = this.ctx;
      storage.sql.exec('CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, email TEXT, active INTEGER)');
      this.#scimlet = new Scimlet({ database: storage, application: { beforeCommit }, log: () => {} });
      this.#handler = this.#scimlet.fetchHandler({ path: '/scim/v2' });
      await this.#scimlet.tables.migrate();
    }
    const { pathname } = new URL(request.url);
    if (pathname === '/new') return Response.json(await this.#newTenant());
    if (pathname === '/users') return Response.json(this.ctx.storage.sql.exec('SELECT * FROM users').toArray());
    return this.#handler(request);
  }

  async #newTenant() {
    await this.#scimlet.tables.createTenant('acme');
    const acme = this.#scimlet.tenant('acme');
    await acme.admin.configure({ extends: 'okta', users: { seats: 2 } });
    return acme.admin.issueCredential({ label: 'test' });
  }
}

export default {
  fetch: (request, env) => env.PROVISIONING.get(env.PROVISIONING.idFromName('acme')).fetch(request),
};
