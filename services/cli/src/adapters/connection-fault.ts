const FAULTS: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the host name cannot be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ETIMEDOUT: 'no answer in time',
  TimeoutError: 'no answer in time',
  UND_ERR_SOCKET: 'the connection broke',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'no answer in time',
};
const CAUSES_MAX = 5;

/** In a few words why a server could not be talked to; undefined when the error is about something else. */
export function connectionFault(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && current instanceof Error; depth++) {
    if (current instanceof AggregateError && current.errors.length) current = current.errors[0];
    const { code, name, cause } = current as Error & { code?: unknown };
    const fault = FAULTS[String(code)] ?? FAULTS[name];
    if (fault !== undefined) return fault;
    current = cause;
  }
  return error instanceof TypeError && error.message === 'fetch failed' ? 'it cannot be reached' : undefined;
}
