import { randomUUID } from 'node:crypto';
import { commonError, withTrace, type Clock, type Log, type RequestObserver } from '@talon/kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseJsonBody } from './json-body';
import type { RequestContext, TalonRequest } from './request-context';
import { invalidInput } from './validation';

export const ADDRESS_LENGTH_MAX = 8_192;
const SAFE_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** The pages of Swagger UI bring everything they need; nobody may frame them. */
const DOCS_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; frame-ancestors 'none'";

export interface EdgeOptions {
  clock: Clock;
  bodyLimitBytes: number;
  log?: Log;
  /** Share of answered requests that are logged, 0 to 1. Faults are always logged. */
  requestLogShare: number;
  observer?: RequestObserver;
}

/** The hooks every request passes before Nest sees it. Kept few and synchronous: they are on the hot path. */
export function installEdge(fastify: FastifyInstance, options: EdgeOptions) {
  fastify.decorateRequest('talon', null as unknown as RequestContext);
  fastify.addHook('onRequest', (request, reply, done) => {
    const talon = contextOf(request, options.clock);
    (request as TalonRequest).talon = talon;
    reply.headers({ 'x-request-id': talon.requestId, 'x-correlation-id': talon.correlationId, 'x-content-type-options': 'nosniff' });
    const { url } = request.raw;
    if (url?.startsWith('/docs')) reply.header('content-security-policy', DOCS_POLICY);
    done(url !== undefined && url.length > ADDRESS_LENGTH_MAX ? commonError('address-too-long', `The address is longer than ${ADDRESS_LENGTH_MAX} characters`) : undefined);
  });
  // After the body was read: the ids would otherwise be lost with the stream's own context.
  fastify.addHook('preValidation', (request, _reply, done) => {
    const { talon } = request as TalonRequest;
    withTrace({ requestId: talon.requestId, correlationId: talon.correlationId }, () => done(addressFault(request)));
  });
  installBodyParser(fastify, options.bodyLimitBytes);
  installObservers(fastify, options);
}

function contextOf(request: FastifyRequest, clock: Clock): RequestContext {
  const given = request.headers['x-request-id'];
  const requestId = typeof given === 'string' && SAFE_ID.test(given) ? given : randomUUID();
  const correlation = request.headers['x-correlation-id'];
  const correlationId = typeof correlation === 'string' && SAFE_ID.test(correlation) ? correlation : requestId;
  return { requestId, correlationId, clock, actor: undefined };
}

/** Repeated query parameters and NUL in the address: nobody means them, and databases choke on the latter. */
function addressFault(request: FastifyRequest): Error | undefined {
  const query = request.query as Record<string, unknown>;
  for (const name in query) {
    if (name === '__proto__') return invalidInput([{ field: name, message: 'is not a field of this input' }]);
    const value = query[name];
    if (Array.isArray(value)) return invalidInput([{ field: name, message: 'is given more than once' }]);
    if (typeof value === 'string' && !isPrintable(value)) return invalidInput([{ field: name, message: 'contains U+0000 or half of a character' }]);
  }
  const params = request.params as Record<string, string>;
  for (const name in params) if (!isPrintable(params[name]!)) return invalidInput([{ field: name, message: 'contains U+0000 or half of a character' }]);
  return undefined;
}

const isPrintable = (value: string): boolean => !value.includes('\u0000') && value.isWellFormed();

function installBodyParser(fastify: FastifyInstance, bodyLimit: number) {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit }, (_request, body: Buffer, done) => {
    try {
      done(null, body.length === 0 ? undefined : parseJsonBody(body));
    } catch (error) {
      done(error as Error);
    }
  });
}

function installObservers(fastify: FastifyInstance, { log, requestLogShare, observer }: EdgeOptions) {
  if (!observer && (!log || requestLogShare <= 0)) return;
  let sampled = 0;
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    const seconds = reply.elapsedTime / 1000;
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    observer?.observe(request.method, route, reply.statusCode, seconds);
    sampled += requestLogShare;
    if (log && sampled >= 1) {
      sampled -= 1;
      const { requestId, correlationId } = (request as TalonRequest).talon;
      log.info({ requestId, correlationId, method: request.method, route, status: reply.statusCode, ms: Math.round(seconds * 1e6) / 1e3 }, 'request');
    }
    done();
  });
}
