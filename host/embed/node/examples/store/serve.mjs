// A SCIM server with one tenant, kept in memory: `node serve.mjs --component scimlet.wasm`.

import { isUtf8 } from 'node:buffer';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

import { Plugin, Tenant } from './scimlet.mjs';
import { Store } from './store.mjs';

const NAME = 'demo';
const BASE = `/${NAME}/scim/v2`;
const BODY_BYTES = 1 << 20;

async function answer(request, response) {
  const [path, query] = split(request.url, '?');
  const below = path.slice(BASE.length);
  if (!path.startsWith(BASE) || !['', '/'].includes(below.slice(0, 1))) return refuse(response, 404);
  const body = await read(request);
  if (body === undefined) return refuse(response, 413);
  if (!isUtf8(body)) return refuse(response, 400);
  const answered = tenant.handle({
    baseUrl: root + BASE,
    clientAddress: request.socket.remoteAddress,
    method: request.method,
    path: below,
    query,
    headers: pairs(request.rawHeaders),
    body: body.toString(),
  });
  response.statusCode = answered.status;
  for (const [name, value] of answered.headers) {
    // What begins so is for the embedder; this one does not count requests.
    if (!name.startsWith('x-scimlet-')) response.appendHeader(name, value);
  }
  response.end(answered.body);
}

function refuse(response, status) {
  response.writeHead(status, { connection: 'close' }).end();
}

/** The body; nothing if it is too large. */
async function read(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function split(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Names and values, which Node gives in turn. */
function pairs(raw) {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index], raw[2 * index + 1]]);
}

const { values } = parseArgs({
  options: { component: { type: 'string' }, port: { type: 'string', default: '0' } },
});
if (values.component === undefined) {
  console.error('usage: node serve.mjs --component PATH [--port PORT]');
  process.exit(2);
}

const tenant = new Tenant(await Plugin.load(values.component), NAME, new Store());
tenant.configure('{"extends":"default"}');
const { secret } = tenant.issueCredential('example');

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    // The plugin answers whatever a client sends: this is a limit, or a fault of the store or the plugin.
    console.error(`${request.method} ${request.url} was given up:`, error);
    if (response.headersSent) response.destroy();
    else refuse(response, 500);
  });
});

let root;
server.listen(Number(values.port), '127.0.0.1', () => {
  root = `http://127.0.0.1:${server.address().port}`;
  console.log(`listening on ${root}`);
  console.log(JSON.stringify({ url: root + BASE, secret }));
});
