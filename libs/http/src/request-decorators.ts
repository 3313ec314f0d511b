import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { EventMetadata } from '@talon/event-sourcing';
import { commonError, type Actor } from '@talon/kernel';
import type { TalonRequest } from './request-context';

const requestOf = (context: ExecutionContext) => context.switchToHttp().getRequest<TalonRequest>();

/** 1 to 255 visible ASCII characters. */
const KEY = /^[\x21-\x7e]{1,255}$/;

function idempotencyKey(request: TalonRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw commonError('key-missing', 'Idempotency-Key must be 1 to 255 visible ASCII characters', { fields: [{ field: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }] });
  }
  return key;
}

/** Who is asking → Actor. 401 `talon/unauthenticated` on a public route without a token. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const { actor } = requestOf(context).talon;
  if (!actor) throw commonError('unauthenticated', 'This needs an access token');
  return actor;
});

/** Who is asking → Actor, or undefined when no token came along. */
export const OptionalActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor | undefined => requestOf(context).talon.actor);

/** The factories behind the two decorators; the OpenAPI document recognises handlers by them. */
export function readRequiredKey(_: unknown, context: ExecutionContext): string {
  const key = idempotencyKey(requestOf(context));
  if (key === undefined) throw commonError('key-missing', 'This needs an Idempotency-Key header');
  return key;
}
export const readOptionalKey = (_: unknown, context: ExecutionContext): string | undefined => idempotencyKey(requestOf(context));

/** The `Idempotency-Key` header → string. 400 `talon/key-missing` when it is absent or malformed. */
export const IdempotencyKey = createParamDecorator(readRequiredKey);

/** The `Idempotency-Key` header → string, or undefined when it is absent; 400 `talon/key-missing` when it is malformed. */
export const OptionalIdempotencyKey = createParamDecorator(readOptionalKey);

/** → EventMetadata: `at` by the platform's Clock, the correlation id, `by` as `role:subject`. */
export const RequestMetadata = createParamDecorator((_: unknown, context: ExecutionContext): EventMetadata => {
  const { clock, correlationId, actor } = requestOf(context).talon;
  return { at: clock.now(), correlationId, by: actor ? `${actor.roles[0]}:${actor.subject}` : 'system:public' };
});
