import { HttpException } from '@nestjs/common';
import { UnknownOutcomeError, WrongRevisionError } from '@talon/event-sourcing';
import { DomainError, commonError, type ErrorCategory, type FieldError } from '@talon/kernel';

export const PROBLEM_JSON = 'application/problem+json; charset=utf-8';
export const PROBLEM_BASE = 'https://talon.health/problems/';

/** RFC 9457, with what to do next. Members of a DomainError's `data` are added beside these. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  instance: string;
  code: string;
  retryable: boolean;
  next: string;
  errors?: FieldError[];
}

const STATUS: Record<ErrorCategory, number> = {
  'invalid': 400,
  'unauthenticated': 401,
  'forbidden': 403,
  'not-found': 404,
  'conflict': 409,
  'gone': 410,
  'too-large': 413,
  'unprocessable': 422,
  'too-many': 429,
  'internal': 500,
  'unavailable': 503,
};

/** Refusals of the transport, whose status says more than their category. */
const TRANSPORT_STATUS: Record<string, number> = {
  'talon/method-not-allowed': 405,
  'talon/request-timeout': 408,
  'talon/address-too-long': 414,
  'talon/unsupported-media-type': 415,
  'talon/headers-too-large': 431,
};

export const statusOf = (code: string, category: ErrorCategory): number => TRANSPORT_STATUS[code] ?? STATUS[category];

/** Seconds a caller should wait before it repeats a request that may succeed later. */
const RETRY_AFTER_SECONDS: Partial<Record<number, number>> = { 409: 1, 429: 1, 503: 2 };

/** @param instance path of the request, without its query: queries may carry personal data */
export function problemOf(error: DomainError, instance: string): Problem {
  const { code, definition, extra } = error;
  const status = statusOf(code, definition.category);
  const internal = status === 500;
  return {
    ...(internal ? {} : extra.data),
    type: PROBLEM_BASE + code,
    title: definition.title,
    status,
    ...(internal ? {} : { detail: error.message }),
    instance,
    code,
    retryable: definition.retryable === true,
    next: definition.next,
    ...(extra.fields ? { errors: extra.fields } : {}),
  };
}

/** Headers that belong to a problem: `www-authenticate` on 401, `retry-after` where repeating makes sense. */
export function problemHeaders(problem: Problem): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': PROBLEM_JSON, 'cache-control': 'no-store' };
  if (problem.status === 401) headers['www-authenticate'] = 'Bearer realm="talon"';
  const retryAfter = problem.retryable ? RETRY_AFTER_SECONDS[problem.status] : undefined;
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
  return headers;
}

/** Whatever was thrown → the DomainError callers may see. `talon/internal` stands for everything unforeseen. */
export function refusalOf(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof WrongRevisionError) return commonError('conflict', 'Somebody else changed this at the same time');
  if (error instanceof UnknownOutcomeError) return commonError('unavailable', 'It is not known whether the request was carried out');
  const byCode = FASTIFY_REFUSALS[codeThrown(error) ?? ''];
  if (byCode) return byCode();
  if (isOutage(error)) return commonError('unavailable', 'A part of the platform cannot be reached');
  const status = statusThrown(error);
  return status === undefined ? internal() : refusalForStatus(status);
}

const FASTIFY_REFUSALS: Record<string, () => DomainError> = {
  FST_ERR_BAD_URL: () => commonError('malformed-address', 'The address is not percent-encoded properly'),
  FST_ERR_MAX_PARAM_LENGTH: () => commonError('address-too-long', 'A part of the address is too long'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => commonError('malformed-json', 'The body is not as long as Content-Length says'),
};

/** System errors of a lost connection, and the SQLSTATEs with which a database says that it is going, coming or full of callers. */
const OUTAGE = /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|08\w{3}|57P0[1-5]|53300)$/;

/** Whether a dependency was away, rather than our code at fault: the same request may succeed later. */
export function isOutage(error: unknown): boolean {
  if (OUTAGE.test(codeThrown(error) ?? '')) return true;
  return error instanceof AggregateError && error.errors.length > 0 && error.errors.every((each) => isOutage(each));
}

const codeThrown = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const internal = () => commonError('internal', 'Internal error');

function statusThrown(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** Nest and Fastify refuse some requests by themselves; their messages may quote the request, so they are not passed on. */
function refusalForStatus(status: number): DomainError {
  switch (status) {
    case 401: return commonError('unauthenticated', 'This needs a valid access token');
    case 403: return commonError('forbidden', 'This is not allowed');
    case 404: return commonError('not-found', 'There is nothing at this address');
    case 405: return commonError('method-not-allowed', 'This address does not know the method');
    case 408: return commonError('request-timeout', 'The request did not arrive in time');
    case 409: return commonError('conflict', 'Somebody else changed this at the same time');
    case 413: return commonError('too-large', 'The request body is too large');
    case 414: return commonError('address-too-long', 'The address or a part of it is too long');
    case 415: return commonError('unsupported-media-type', 'The body must be JSON with Content-Type: application/json');
    case 431: return commonError('headers-too-large', 'The request headers are too large');
    case 503: return commonError('unavailable', 'The platform is not ready');
    default: return status >= 400 && status < 500 ? commonError('invalid-input', 'The request is not valid') : internal();
  }
}
