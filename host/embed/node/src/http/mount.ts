// What all mounts share: which tenant a request is for, its body, its response.

import { ScimletError } from '../error.js';
import type { Scimlet, ScimResponse } from '../scimlet.js';
import { Rates } from './rates.js';

export interface MountOptions {
  /**
   * The path of SCIM's base URL, such as `/scim/v2`; `/:tenant/scim/v2` if it names the tenant. Without it: where
   * Express or Fastify mounted this.
   */
  path?: string;
  /** The tenant of all requests. Without it, and without `:tenant` in the path, the credential names it. */
  tenant?: string;
  /**
   * The absolute URL of the server as clients know it, such as `https://app.example.com`, with which resources' URLs
   * begin. Without it: as the request says.
   */
  origin?: string;
  /**
   * The most bytes of a body: 1 MiB by default, and 24 MiB where a group is written. Where nothing is written it is never
   * more than 1 MiB.
   */
  bodyBytes?: number;
}

/** A request as a server received it. */
export interface Incoming {
  method: string;
  /** Path and query. */
  target: string;
  headers: [name: string, value: string][];
  /** The tenant, where the server's own router has found it in the path. */
  tenant?: string | undefined;
  /** Scheme and host, as the request says. */
  origin: string;
  clientAddress: string | undefined;
  /** Reads the body; `undefined` if it has more bytes. */
  body(most: number): Promise<Uint8Array | string | undefined>;
}

/** Answers a request; `undefined` if its path is not below the mount's. */
export type Mount = (incoming: Incoming, mountedAt?: string) => Promise<ScimResponse | undefined>;

const BODY_BYTES = 1 << 20;
const GROUP_BODY_BYTES = 24 << 20;
const RETRY_SECONDS = '5';
const HEADERS: ScimResponse['headers'] = [
  ['content-type', 'application/scim+json'],
  ['cache-control', 'no-store'],
  ['x-content-type-options', 'nosniff'],
];
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export function mount(scimlet: Scimlet<never>, options: MountOptions): Mount {
  const rates = new Rates();
  const { path = '' } = options;
  return async (incoming, mountedAt = '') => {
    const [rawPath = '', query = ''] = splitOnce(incoming.target, '?');
    const found = matching(mountedAt + path, rawPath);
    if (found === undefined) return undefined;
    const tenant = options.tenant ?? incoming.tenant ?? found.tenant ?? scimlet.tenantOf(incoming.headers);
    if (tenant === undefined || !NAME.test(tenant)) return unauthorized();
    const { method, headers, clientAddress } = incoming;
    const most = bodyBytes(method, found.below, options.bodyBytes);
    const baseUrl = (options.origin ?? incoming.origin) + found.base;
    const head = { method, path: found.below, query, headers, baseUrl, clientAddress };
    let admitted: number | ScimResponse | undefined;
    // Who has no good credential may not have a large body read, and keeps nobody from what is left of a rate.
    if (rates.has(tenant) || (most > BODY_BYTES && mayBeLarge(headers))) {
      const refused = await guarded(tenant, method, async () => {
        const answer = await scimlet.tenant(tenant).authorize(head);
        return 'status' in answer ? answer : undefined;
      });
      if (refused !== undefined) return withoutOwn(refused);
      // Nor is a body read that comes beyond the rate.
      admitted = rates.admit(tenant);
      if (typeof admitted !== 'number') return admitted;
    }
    const body = await text(incoming, most);
    if (typeof body !== 'string') return body;
    admitted ??= rates.admit(tenant);
    if (typeof admitted !== 'number') return admitted;
    const response = await guarded(tenant, method, () => scimlet.tenant(tenant).handle({ ...head, body }));
    rates.settle(tenant, response, admitted);
    return withoutOwn(response);
  };
}

/** Of what cannot be answered the client learns only whether it may try again. */
async function guarded<T>(tenant: string, method: string, answer: () => Promise<T>): Promise<T | ScimResponse> {
  try {
    return await answer();
  } catch (error) {
    const isPassing = error instanceof ScimletError && error.kind !== 'fault';
    const incident = crypto.randomUUID();
    console.error(`scimlet: ${tenant}: ${method} was given up (incident ${incident}):`, error);
    return isPassing
      ? problem(503, `the service is busy, try again later (incident ${incident})`, [['retry-after', RETRY_SECONDS]])
      : problem(500, `internal error (incident ${incident})`);
  }
}

/** A SCIM error (RFC 7644 section 3.12). */
export function problem(status: number, detail: string, headers: ScimResponse['headers'] = []): ScimResponse {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:Error'];
  const body = JSON.stringify({ schemas, status: String(status), detail });
  return { status, headers: [...HEADERS, ...headers], body };
}

export function notFound(): ScimResponse {
  return problem(404, 'there is nothing here');
}

function unauthorized(): ScimResponse {
  return problem(401, 'the credential names no tenant', [['www-authenticate', 'Bearer realm="scim"']]);
}

function bodyBytes(method: string, path: string, wanted: number | undefined): number {
  if (!['POST', 'PUT', 'PATCH'].includes(method)) return Math.min(wanted ?? BODY_BYTES, BODY_BYTES);
  return wanted ?? (/^\/Groups(\/|$)/.test(path) ? GROUP_BODY_BYTES : BODY_BYTES);
}

function mayBeLarge(headers: [name: string, value: string][]): boolean {
  const length = headers.find(([name]) => name.toLowerCase() === 'content-length');
  return length === undefined || !(Number(length[1]) <= BODY_BYTES);
}

/** The base path, which may name the tenant, and what is below it. */
function matching(pattern: string, path: string): { base: string; below: string; tenant?: string } | undefined {
  const wanted = pattern.split('/').filter((part) => part !== '');
  const parts = path.split('/').slice(1);
  let tenant: string | undefined;
  for (const [index, part] of wanted.entries()) {
    const given = parts[index];
    if (part === ':tenant') tenant = given;
    else if (part !== given) return undefined;
  }
  const base = ['', ...parts.slice(0, wanted.length)].join('/');
  return { base, below: path.slice(base.length), ...(tenant === undefined ? {} : { tenant }) };
}

async function text(incoming: Incoming, most: number): Promise<string | ScimResponse> {
  const body = await incoming.body(most);
  if (body === undefined) return problem(413, `a body may have ${most} bytes here`);
  if (typeof body === 'string') return body;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return problem(400, 'the body is not UTF-8');
  }
}

/** Headers that begin so are for the embedder. */
function withoutOwn({ status, headers, body }: ScimResponse): ScimResponse {
  return { status, headers: headers.filter(([name]) => !name.startsWith('x-scimlet-')), body };
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
