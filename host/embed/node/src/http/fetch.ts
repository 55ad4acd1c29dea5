// Requests as the Fetch standard has them: Hono, Workers, Deno, Bun.

import type { Scimlet, ScimResponse } from '../scimlet.js';
import { type Incoming, type MountOptions, mount, notFound } from './mount.js';

/** `clientAddress` is the client's IP address, if the server knows it. */
export type FetchHandler = (request: Request, clientAddress?: string) => Promise<Response>;

export function fetchHandler(scimlet: Scimlet<never>, options: MountOptions): FetchHandler {
  const answer = mount(scimlet, options);
  return async (request, clientAddress) => {
    const answered = await answer(incoming(request, clientAddress));
    return response(request, answered ?? notFound());
  };
}

function incoming(request: Request, clientAddress: string | undefined): Incoming {
  const url = new URL(request.url);
  return {
    method: request.method,
    target: url.pathname + url.search,
    headers: [...request.headers],
    origin: url.origin,
    clientAddress,
    body: (most) => read(request, most),
  };
}

async function read(request: Request, most: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || value === undefined) break;
    length += value.length;
    if (length > most) {
      await reader?.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

function response(request: Request, { status, headers, body }: ScimResponse): Response {
  if (status === 204 || status === 304) return new Response(null, { status, headers });
  if (request.method !== 'HEAD') return new Response(body, { status, headers });
  const length = new TextEncoder().encode(body).length;
  return new Response(null, { status, headers: [...headers, ['content-length', String(length)]] });
}
