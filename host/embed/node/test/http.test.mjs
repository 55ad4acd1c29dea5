// The mounts, over a service that answers with what it got.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import { after, describe, it } from 'node:test';

import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';

import { fastifyPlugin } from '../dist/esm/http/fastify.js';
import { fetchHandler } from '../dist/esm/http/fetch.js';
import { nodeHandler } from '../dist/esm/http/node.js';
import { ScimletError } from '../dist/esm/index.js';

/** Each request is answered with itself; `respond` changes the response. */
function echo(respond = (response) => response) {
  return {
    tenantOf: (headers) => headers.find(([name]) => name.toLowerCase() === 'authorization')?.[1].split(/[ .]/)[1],
    tenant: (tenant) => ({
      authorize: async ({ headers }) =>
        headers.some(([, value]) => value.includes('secret'))
          ? { open: true }
          : { status: 401, headers: [], body: '{}' },
      handle: async (request) => {
        const headers = [
          ['content-type', 'application/scim+json'],
          ['x-scimlet-cost', '1'],
        ];
        return respond({ status: 200, headers, body: JSON.stringify({ tenant, ...request }) }, request);
      },
    }),
  };
}

const servers = [];
after(() => {
  for (const server of servers) server.close();
});

async function listening(server) {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

/** Sends exactly this, which `fetch` would not. */
async function ask(port, method, target, { headers = {}, body } = {}) {
  const request = send({ host: '127.0.0.1', port, method, path: target, headers });
  request.end(body);
  const [response] = await once(request, 'response');
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode, headers: response.headers, text, json: text && JSON.parse(text) };
}

const BEARER = { authorization: 'Bearer acme.secret' };
const TYPE = { 'content-type': 'application/scim+json' };

/** Each mounts a service at a path of its own server. */
const mounts = {
  'node:http': async (service, path, options) => listening(createServer(nodeHandler(service, { path, ...options }))),
  Express: async (service, path, options) => {
    const app = express();
    app.use(path, nodeHandler(service, options));
    return listening(createServer(app));
  },
  Fastify: async (service, path, options) => {
    const app = Fastify();
    app.register(fastifyPlugin(service, options), { prefix: path });
    await app.ready();
    return listening(app.server);
  },
  Hono: async (service, path, options) => {
    const app = new Hono();
    const handler = fetchHandler(service, { path, ...options });
    app.all(`${path}/*`, (context) => handler(context.req.raw, '127.0.0.1'));
    return listening(createServer((request, response) => overFetch(app.fetch, request, response)));
  },
};

/** What a server of the Fetch standard does. */
async function overFetch(handler, request, response) {
  const url = `http://${request.headers.host}${request.url}`;
  const hasBody = !['GET', 'HEAD'].includes(request.method);
  const { method, headers } = request;
  const answered = await handler(new Request(url, { method, headers, body: hasBody ? request : null, duplex: 'half' }));
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.end(Buffer.from(await answered.arrayBuffer()));
}

for (const [name, mount] of Object.entries(mounts)) {
  describe(name, () => {
    it('passes requests as they came', async () => {
      const port = await mount(echo(), '/scim/v2', {});
      const target = '/scim/v2/Users/a%2Fb?filter=userName%20eq%20%22x%3Fy%22&count=1';
      const { status, json, headers } = await ask(port, 'GET', target, { headers: { ...BEARER, 'X-Own': 'value' } });
      assert.equal(status, 200);
      assert.deepEqual(
        [json.tenant, json.method, json.path, json.query, json.body, json.clientAddress],
        ['acme', 'GET', '/Users/a%2Fb', 'filter=userName%20eq%20%22x%3Fy%22&count=1', '', '127.0.0.1'],
      );
      assert.equal(json.baseUrl, `http://127.0.0.1:${port}/scim/v2`);
      assert.ok(json.headers.some(([header, value]) => header.toLowerCase() === 'x-own' && value === 'value'));
      assert.equal(headers['content-type'], 'application/scim+json');
      assert.equal(headers['x-scimlet-cost'], undefined);
    });

    it('passes bodies', async () => {
      const port = await mount(echo(), '/scim/v2', {});
      const body = JSON.stringify({ userName: 'ö'.repeat(100_000) });
      const { json } = await ask(port, 'POST', '/scim/v2/Users', { headers: { ...BEARER, ...TYPE }, body });
      assert.equal(json.body, body);
      const plain = await ask(port, 'PATCH', '/scim/v2/Users', {
        headers: { ...BEARER, 'content-type': 'application/json' },
        body: '{"a":1.0}',
      });
      assert.equal(plain.json.body, '{"a":1.0}');
    });

    it('refuses bodies that are too large, or no text', async () => {
      const port = await mount(echo(), '/scim/v2', { bodyBytes: 100 });
      const large = await ask(port, 'POST', '/scim/v2/Users', {
        headers: { ...BEARER, ...TYPE },
        body: 'x'.repeat(101),
      });
      assert.deepEqual([large.status, large.json.status], [413, '413']);
      const bytes = await ask(port, 'POST', '/scim/v2/Users', {
        headers: { ...BEARER, ...TYPE },
        body: Buffer.of(0xff),
      });
      assert.equal(bytes.status, 400);
      const good = await ask(port, 'POST', '/scim/v2/Users', {
        headers: { ...BEARER, ...TYPE },
        body: 'x'.repeat(100),
      });
      assert.equal(good.status, 200);
    });

    it('reads the large body of a group only for a good credential', async () => {
      const port = await mount(echo(), '/scim/v2', {});
      const body = 'x'.repeat((1 << 20) + 1);
      const put = (authorization, path) =>
        ask(port, 'PUT', `/scim/v2${path}`, { headers: { authorization, ...TYPE }, body }).catch(() => ({
          status: 401,
        }));
      assert.equal((await put('Bearer acme.secret', '/Groups/1')).status, 200);
      assert.equal((await put('Bearer acme.wrong', '/Groups/1')).status, 401);
      assert.equal((await put('Bearer acme.secret', '/Users/1')).status, 413);
    });

    it('finds the tenant in the path, if that has it', async () => {
      const port = await mount(echo(), '/:tenant/scim/v2', {});
      const { json } = await ask(port, 'GET', '/globex/scim/v2/Users');
      assert.deepEqual([json.tenant, json.path], ['globex', '/Users']);
      assert.equal(json.baseUrl, `http://127.0.0.1:${port}/globex/scim/v2`);
    });

    it('refuses who names no tenant', async () => {
      const port = await mount(echo(), '/scim/v2', {});
      const { status, headers } = await ask(port, 'GET', '/scim/v2/Users');
      assert.equal(status, 401);
      assert.match(headers['www-authenticate'], /^Bearer/);
      const wrong = await ask(port, 'GET', '/scim/v2/Users', { headers: { authorization: 'Bearer A_B.secret' } });
      assert.equal(wrong.status, 401);
    });

    it('leaves other paths to others', async () => {
      const port = await mount(echo(), '/scim/v2', {});
      assert.equal(
        (await ask(port, 'GET', '/scim/v20/Users', { headers: BEARER }).catch(() => ({ status: 404 }))).status,
        404,
      );
    });

    it('sends what has no body', async () => {
      const deleted = (response) => ({ ...response, status: 204, body: '' });
      const port = await mount(
        echo((response, { method }) => (method === 'DELETE' ? deleted(response) : response)),
        '/scim/v2',
        {},
      );
      const { status, text } = await ask(port, 'DELETE', '/scim/v2/Users/1', { headers: BEARER });
      assert.deepEqual([status, text], [204, '']);
      assert.equal((await ask(port, 'HEAD', '/scim/v2/Users/1', { headers: BEARER })).text, '');
    });

    it('tells a client that it may try again, or not', async (test) => {
      test.mock.method(console, 'error', () => {});
      const errors = { '/busy': new ScimletError('time'), '/broken': new ScimletError('fault', 'secret') };
      const service = echo((_, { path }) => {
        throw errors[path];
      });
      const port = await mount(service, '/scim/v2', {});
      const busy = await ask(port, 'GET', '/scim/v2/busy', { headers: BEARER });
      assert.deepEqual([busy.status, busy.headers['retry-after']], [503, '5']);
      const broken = await ask(port, 'GET', '/scim/v2/broken', { headers: BEARER });
      assert.deepEqual([broken.status, broken.text.includes('secret')], [500, false]);
    });
  });
}

describe('a rate', () => {
  const limited = (requests, status = 200) =>
    echo(({ headers, ...response }) => {
      const rate = ['x-scimlet-rate', requests];
      return { ...response, status, headers: [...headers, rate, ['ratelimit-policy', '"default";q=2;w=1']] };
    });

  it('is kept', async () => {
    // The next one in a hundred seconds.
    const port = await mounts['node:http'](limited('0.01'), '/scim/v2');
    assert.equal((await ask(port, 'GET', '/scim/v2/Users', { headers: BEARER })).status, 200);
    const { status, headers } = await ask(port, 'GET', '/scim/v2/Users', { headers: BEARER });
    assert.equal(status, 429);
    assert.ok(Number(headers['retry-after']) > 90);
    assert.match(headers.ratelimit, /^"default";r=0;t=/);
    const other = await ask(port, 'GET', '/scim/v2/Users', { headers: { authorization: 'Bearer globex.secret' } });
    assert.equal(other.status, 200);
  });

  it('is not used up by who has no credential', async () => {
    const port = await mounts['node:http'](limited('2', 401), '/scim/v2');
    for (let count = 0; count < 10; count += 1) {
      assert.equal((await ask(port, 'GET', '/scim/v2/Users', { headers: BEARER })).status, 401);
    }
  });

  it('is neither used up nor refilled by bad credentials that came before it was known', async (test) => {
    test.mock.method(performance, 'now', () => 0);
    let go;
    const gate = new Promise((resolve) => {
      go = resolve;
    });
    const service = echo(({ headers, ...response }, request) => {
      const isBad = request.headers.some(([, value]) => value.includes('wrong'));
      return { ...response, status: isBad ? 401 : 200, headers: [...headers, ['x-scimlet-rate', '2']] };
    });
    const slow = {
      ...service,
      tenant: (name) => {
        const tenant = service.tenant(name);
        const handle = async (request) => {
          if (request.path === '/slow') await gate;
          return tenant.handle(request);
        };
        return { ...tenant, handle };
      },
    };
    const answer = fetchHandler(slow, { path: '/scim/v2' });
    const get = async (secret, path = '/Users') => {
      const headers = { authorization: `Bearer acme.${secret}` };
      return (await answer(new Request(`http://scim.test/scim/v2${path}`, { headers }))).status;
    };
    const bad = Array.from({ length: 5 }, () => get('wrong', '/slow'));
    assert.equal(await get('wrong'), 401);
    assert.deepEqual([await get('secret'), await get('secret'), await get('secret')], [200, 200, 429]);
    go();
    assert.deepEqual(await Promise.all(bad), [401, 401, 401, 401, 401]);
    assert.equal(await get('secret'), 429);
  });
});

it('a rate is left to good clients while requests without a credential are answered', async () => {
  let go;
  const gate = new Promise((resolve) => {
    go = resolve;
  });
  const service = echo(({ headers, ...response }) => ({
    ...response,
    headers: [...headers, ['x-scimlet-rate', '2']],
  }));
  const slow = {
    ...service,
    tenant: (name) => {
      const tenant = service.tenant(name);
      const slowly = (ask) => async (request) => {
        if (request.headers.some(([, value]) => value.includes('wrong'))) await gate;
        return ask(request);
      };
      return { authorize: slowly(tenant.authorize), handle: slowly(tenant.handle) };
    },
  };
  const answer = fetchHandler(slow, { path: '/scim/v2' });
  const get = (secret) =>
    answer(new Request('http://scim.test/scim/v2/Users', { headers: { authorization: `Bearer acme.${secret}` } }));
  assert.equal((await get('secret')).status, 200);
  const bad = Array.from({ length: 10 }, () => get('wrong'));
  assert.equal((await get('secret')).status, 200);
  go();
  for (const { status } of await Promise.all(bad)) assert.equal(status, 401);
});

/** A request with a body that is made as it is read, and whether more of it was read than a server looks ahead. */
function streamed(secret) {
  let read = 0;
  const body = new ReadableStream({
    pull(controller) {
      read += 1;
      if (read > 20) controller.close();
      else controller.enqueue(new Uint8Array(1 << 19));
    },
  });
  const headers = { authorization: `Bearer acme.${secret}` };
  const request = new Request('http://scim.test/scim/v2/Groups/1', { method: 'PUT', headers, body, duplex: 'half' });
  return { request, wasRead: () => read > 2 };
}

it('a body of unknown length is read only for a good credential', async () => {
  const answer = fetchHandler(echo(), { path: '/scim/v2' });
  const put = async (secret) => {
    const { request, wasRead } = streamed(secret);
    return [(await answer(request)).status, wasRead()];
  };
  assert.deepEqual(await put('secret'), [200, true]);
  assert.deepEqual(await put('wrong'), [401, false]);
});

it('the body of a request beyond the rate is not read', async () => {
  const service = echo(({ headers, ...response }) => ({ ...response, headers: [...headers, ['x-scimlet-rate', '1']] }));
  const answer = fetchHandler(service, { path: '/scim/v2' });
  const put = async (secret) => {
    const { request, wasRead } = streamed(secret);
    return [(await answer(request)).status, wasRead()];
  };
  assert.deepEqual(await put('secret'), [200, true]);
  assert.deepEqual(await put('secret'), [429, false]);
  assert.deepEqual(await put('wrong'), [401, false]);
});

it('a credential is checked twice only where a large body may come', async () => {
  let count = 0;
  const service = echo();
  const counting = {
    ...service,
    tenant: (name) => {
      const tenant = service.tenant(name);
      const authorize = (request) => {
        count += 1;
        return tenant.authorize(request);
      };
      return { ...tenant, authorize };
    },
  };
  const answer = fetchHandler(counting, { path: '/scim/v2', bodyBytes: 12 << 20 });
  const get = (method) => answer(new Request('http://scim.test/scim/v2/Users', { method, headers: BEARER }));
  for (const method of ['GET', 'HEAD', 'DELETE']) assert.equal((await get(method)).status, 200);
  assert.equal(count, 0);
  assert.equal((await answer(streamed('secret').request)).status, 200);
  assert.equal(count, 1);
});

it('HEAD says how long the body is', async () => {
  const answer = fetchHandler(
    echo((response) => ({ ...response, body: '{"userName":"zoë"}' })),
    { path: '/scim/v2' },
  );
  const ask = (method) => answer(new Request('http://scim.test/scim/v2/Users', { method, headers: BEARER }));
  const head = await ask('HEAD');
  assert.equal(await head.text(), '');
  const whole = await (await ask('GET')).arrayBuffer();
  assert.equal(head.headers.get('content-length'), String(whole.byteLength));
});

it('node:http logs why it answers with 500', async (test) => {
  const logged = test.mock.method(console, 'error', () => {});
  const service = echo();
  service.tenantOf = () => {
    throw new Error('trapped');
  };
  const port = await mounts['node:http'](service, '/scim/v2');
  assert.equal((await ask(port, 'GET', '/scim/v2/Users', { headers: BEARER })).status, 500);
  assert.equal(logged.mock.calls[0].arguments[1].message, 'trapped');
});

describe('Express', () => {
  it('may have read the body already', async () => {
    const app = express();
    app.use(express.json({ type: ['application/json', 'application/scim+json'] }));
    app.use('/scim/v2', nodeHandler(echo(), {}));
    const port = await listening(createServer(app));
    const { json } = await ask(port, 'POST', '/scim/v2/Users', { headers: { ...BEARER, ...TYPE }, body: '{"a": 1}' });
    assert.equal(json.body, '{"a":1}');
  });

  it('says which scheme and which address a proxy had', async () => {
    const app = express().set('trust proxy', true);
    app.use('/scim/v2', nodeHandler(echo(), {}));
    const port = await listening(createServer(app));
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.7' };
    const { json } = await ask(port, 'GET', '/scim/v2/Users', { headers: { ...BEARER, ...forwarded } });
    assert.deepEqual([json.baseUrl, json.clientAddress], [`https://127.0.0.1:${port}/scim/v2`, '192.0.2.7']);
  });
});
