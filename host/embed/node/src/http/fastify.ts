// Requests as Fastify has them: those of `node:http` below its own.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Scimlet } from '../scimlet.js';
import type { MountOptions } from './mount.js';
import { nodeHandler } from './node.js';

/** The part of a Fastify instance that is used. */
interface Fastify {
  readonly prefix: string;
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: '*',
    parse: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): unknown;
  all(path: string, handler: (request: FastifyRequest, reply: FastifyReply) => unknown): unknown;
}

interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly ip: string;
  readonly protocol: string;
}

interface FastifyReply {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

export type FastifyPlugin = (instance: Fastify) => Promise<void>;

export function fastifyPlugin(scimlet: Scimlet<never>, options: MountOptions): FastifyPlugin {
  return async (instance) => {
    const path = instance.prefix + (options.path ?? '');
    const answer = nodeHandler(scimlet, { ...options, path });
    // The body is read as it comes.
    instance.removeAllContentTypeParsers();
    instance.addContentTypeParser('*', (_request, _payload, done) => done(null));
    const handler = (request: FastifyRequest, reply: FastifyReply) => {
      reply.hijack();
      const { ip, protocol } = request;
      return answer(Object.assign(request.raw, { ip, protocol }), reply.raw);
    };
    instance.all('/', handler);
    instance.all('/*', handler);
  };
}
