/**
 * What kind of refusal it is. Only `libs/http` turns it into a status:
 * invalid 400 · unauthenticated 401 · forbidden 403 · not-found 404 · conflict 409 · gone 410 · too-large 413 ·
 * unprocessable 422 · too-many 429 · internal 500 · unavailable 503. A few codes of `commonError` that only concern the transport
 * (405, 408, 414, 415, 431) have a status of their own there.
 */
export type ErrorCategory =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'gone'
  | 'too-large'
  | 'unprocessable'
  | 'too-many'
  | 'internal'
  | 'unavailable';

export interface ErrorDefinition {
  category: ErrorCategory;
  /** Short and the same for every occurrence. */
  title: string;
  /** What the caller can do next, one sentence. */
  next: string;
  /** Whether the same request may succeed later without a change. */
  retryable?: boolean;
}

/** A field of the input that is wrong, named the way the caller wrote it, e.g. `slots[2].startsAt`. */
export interface FieldError {
  field: string;
  message: string;
}

/** A refusal with a stable code `<service>/<reason>`. Anything else that is thrown is a fault and tells callers nothing. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  constructor(
    readonly code: string,
    readonly definition: ErrorDefinition,
    detail: string,
    readonly extra: { fields?: FieldError[]; data?: Record<string, unknown> } = {},
  ) {
    super(detail);
  }
}

export type ErrorTable<K extends string = string> = Record<K, ErrorDefinition>;

/** Every table that was defined in this process, by service: docs/errors.md is generated from it. */
export const errorTables = new Map<string, ErrorTable>();

/**
 * One table per service, in order of precedence. The result makes errors of that table:
 * `bookingError('not-found', 'Booking b1 does not exist')`.
 */
export function defineErrors<K extends string>(service: string, table: ErrorTable<K>) {
  errorTables.set(service, table);
  return (reason: K, detail: string, extra?: { fields?: FieldError[]; data?: Record<string, unknown> }) =>
    new DomainError(`${service}/${reason}`, table[reason], detail, extra);
}

export const isDomainError = (error: unknown, code?: string): error is DomainError =>
  error instanceof DomainError && (code === undefined || error.code === code);

/** Errors that any service may answer with. */
export const commonError = defineErrors('talon', {
  'invalid-input': { category: 'invalid', title: 'Input is not valid', next: 'Correct the fields named in `errors` and send the request again.' },
  'unauthenticated': { category: 'unauthenticated', title: 'No valid access token', next: 'Get a token from the issuer and send it as `Authorization: Bearer …`.' },
  'forbidden': { category: 'forbidden', title: 'Not allowed', next: 'Use a token whose role may do this, or ask the hospital.' },
  'not-found': { category: 'not-found', title: 'No such resource', next: 'Check the address; /docs lists every route.' },
  'too-large': { category: 'too-large', title: 'Request body is too large', next: 'Send less than the limit named in `detail`.' },
  'malformed-json': { category: 'invalid', title: 'Body is not acceptable JSON', next: 'Correct the place named in `detail` and send the request again.' },
  'malformed-address': { category: 'invalid', title: 'Address is not valid', next: 'Percent-encode the address as RFC 3986 says and send the request again.' },
  'method-not-allowed': { category: 'not-found', title: 'This address does not know the method', next: 'Use one of the methods in the `Allow` header.' },
  'unsupported-media-type': { category: 'invalid', title: 'Body is not JSON', next: 'Send JSON with `Content-Type: application/json`.' },
  'address-too-long': { category: 'too-large', title: 'Address is too long', next: 'Send fewer or shorter query parameters.' },
  'headers-too-large': { category: 'too-large', title: 'Request headers are too large', next: 'Send fewer or shorter headers.' },
  'request-timeout': { category: 'unavailable', title: 'Request did not arrive in time', next: 'Send the request again.', retryable: true },
  'key-missing': { category: 'invalid', title: 'Idempotency-Key header is missing or malformed', next: 'Send an `Idempotency-Key` of 1 to 255 visible ASCII characters, the same one when you repeat the request.' },
  'conflict': { category: 'conflict', title: 'Changed by someone else at the same time', next: 'Read the resource again and repeat the request.', retryable: true },
  'unavailable': { category: 'unavailable', title: 'A part of the platform does not answer', next: 'Repeat the request with the same Idempotency-Key in a few seconds.', retryable: true },
  'internal': { category: 'internal', title: 'Internal error', next: 'Report the `x-request-id` of the answer; the log has the rest.' },
});
