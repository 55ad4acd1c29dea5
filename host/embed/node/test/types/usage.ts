// Compiled only: what an application in TypeScript writes.

import Database from 'better-sqlite3';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import pg from 'pg';
import { type Change, Refusal, Scimlet, ScimletError } from 'scimlet';

const database = new Database(':memory:');
const scimlet = new Scimlet({
  database,
  application: {
    beforeCommit(changes, { connection, tenant }) {
      for (const change of changes) {
        const { lastInsertRowid } = connection.prepare('INSERT INTO users VALUES (?)').run(tenant);
        change.productId = lastInsertRowid;
      }
    },
  },
});
const pool = new pg.Pool();
const overPool = new Scimlet({
  database: pool,
  application: {
    async beforeCommit(changes: Change[], { connection }) {
      const { rows } = await connection.query<{ id: number }>('SELECT 1 AS id', []);
      if (rows[0]?.id === 2) throw new Refusal('no', 403);
      if (changes[0]) changes[0].productId = rows[0]?.id ?? null;
    },
  },
});
new Scimlet({ database: new pg.Client(), log: ({ level, text }) => console.log(level, text) });

express().use('/scim/v2', scimlet.nodeHandler());
fastify().register(overPool.fastifyPlugin({ tenant: 'acme' }), { prefix: '/scim/v2' });
const handler = scimlet.fetchHandler({ path: '/scim/v2' });
new Hono().all('/scim/v2/*', (context) => handler(context.req.raw));

const acme = overPool.tenant('acme');
export async function use(): Promise<string | undefined> {
  const client = await pool.connect();
  await acme.in(client).admin.patchUser('id', { Operations: [] });
  const version: number = scimlet.tenant('acme').adminSync.configure({ extends: 'okta' });
  const issued = await acme.admin.issueCredential({ label: 'Okta', scheme: 'basic', lifetimeSeconds: version });
  for await (const { sequence, body } of acme.follow({ after: 0 })) console.log(sequence, body?.attributes);
  try {
    // @ts-expect-error: there is no such scheme
    await acme.admin.issueCredential({ label: 'x', scheme: 'digest' });
  } catch (error) {
    if (error instanceof ScimletError && error.kind === 'refused') return error.message;
  }
  return issued.username ?? undefined;
}
