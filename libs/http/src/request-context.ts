import type { Actor, Clock, Trace } from '@talon/kernel';
import type { FastifyRequest } from 'fastify';

/** What libs/http knows about a request besides what Fastify does; made once per request by the edge hooks. */
export interface RequestContext extends Trace {
  clock: Clock;
  /** Set by the guard when a valid token came along. */
  actor?: Actor;
}

/** A Fastify request after the edge hooks. */
export type TalonRequest = FastifyRequest & { talon: RequestContext };
