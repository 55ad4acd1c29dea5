// Requests as `node:http` has them, and Express after it.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Scimlet, ScimResponse } from '../scimlet.js';
import { type Incoming, type MountOptions, mount, notFound, problem } from './mount.js';

/** What Express adds to a request. */
interface ExpressRequest extends IncomingMessage {
  baseUrl?: string;
  originalUrl?: string;
  protocol?: string;
  ip?: string;
  params?: Record<string, string>;
  /** What a body parser has read. */
  body?: unknown;
}

export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => Promise<void>;

export function nodeHandler(scimlet: Scimlet<never>, options: MountOptions): NodeHandler {
  const answer = mount(scimlet, options);
  return async (request: ExpressRequest, response, next) => {
    try {
      const answered = await answer(incoming(request), request.baseUrl);
      if (answered === undefined && next) next();
      else send(request, response, answered ?? notFound());
    } catch (error) {
      if (next) return next(error);
      // A client that went away is no fault.
      if (!request.errored) console.error(`scimlet: ${request.method} was given up:`, error);
      send(request, response, problem(500, 'internal error'));
    }
  };
}

function incoming(request: ExpressRequest): Incoming {
  const { socket, headers, rawHeaders } = request;
  const protocol = request.protocol ?? ('encrypted' in socket ? 'https' : 'http');
  return {
    method: request.method ?? 'GET',
    target: request.originalUrl ?? request.url ?? '/',
    headers: pairs(rawHeaders),
    tenant: request.params?.tenant,
    origin: `${protocol}://${headers.host ?? 'localhost'}`,
    // An IPv4 address, where the socket is one of IPv6.
    clientAddress: (request.ip ?? socket.remoteAddress)?.replace(/^::ffff:/, ''),
    body: (most) => read(request, most),
  };
}

/** Names and values, which Node.js gives in turn. */
function pairs(raw: string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index] ?? '', raw[2 * index + 1] ?? '']);
}

async function read(request: ExpressRequest, most: number): Promise<Uint8Array | string | undefined> {
  if (request.readableEnded && request.body !== undefined) return reread(request.body);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a body parser made of the body: better mount this before it. */
function reread(body: unknown): Uint8Array | string {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  return JSON.stringify(body);
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: ScimResponse): void {
  response.statusCode = status;
  for (const [name, value] of headers) response.appendHeader(name, value);
  // What was not read would have to be read before the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  if (status === 204 || status === 304) response.end();
  else response.setHeader('content-length', Buffer.byteLength(body)).end(body);
}
