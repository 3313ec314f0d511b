import { ConfigError } from '@talon/config';

/** The process cannot start; `message` is one sentence for whoever started it, without addresses or secrets. */
export class BootError extends Error {
  override readonly name = 'BootError';
}

/** @throws {BootError} `remedy`, with the kind of fault, when `open` fails */
export async function bootStep<T>(remedy: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw error instanceof BootError ? error : new BootError(`${remedy} (${kindOf(error)})`, { cause: error });
  }
}

/** What to print when a process cannot start: a sentence for what the operator can mend, the stack for faults of ours. */
export function bootMessage(error: unknown): string {
  if (error instanceof BootError || error instanceof ConfigError) return `talon: ${error.message}`;
  return `talon: cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** @returns the sentence for a failed listen; rethrows anything else */
export function listenError(error: unknown, port: number): BootError {
  const code = codeOf(error);
  if (code === 'EADDRINUSE') return new BootError(`port ${port} (TALON_PORT) is in use: stop what listens there or choose another`);
  if (code === 'EACCES') return new BootError(`port ${port} (TALON_PORT) may not be used by this account: choose one above 1023`);
  if (code === 'EADDRNOTAVAIL') return new BootError('this machine does not have the address in TALON_HOST');
  throw error;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const KINDS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'host not found',
  ETIMEDOUT: 'no answer in time',
  '28P01': 'wrong user or password',
  '28000': 'this user may not connect',
  '3D000': 'no such database',
  '42501': 'this user may not create schemas',
  '53100': 'the disk is full',
  '53300': 'too many connections',
  '57P03': 'it is starting up or shutting down',
};

/** In words of our own: messages of drivers carry addresses and user names. */
function kindOf(error: unknown): string {
  const causes = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  for (const cause of causes) {
    const kind = KINDS[codeOf(cause) ?? ''];
    if (kind !== undefined) return kind;
  }
  return codeOf(error) ?? (error instanceof Error ? error.name : 'unknown fault');
}
