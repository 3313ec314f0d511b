import pino, { type DestinationStream, type Logger } from 'pino';
import { currentTrace } from '@talon/kernel';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

export interface LoggerOptions {
  /** Which service the lines come from. */
  service: string;
  /** Default `info`. */
  level?: LogLevel;
  /** Where lines go; default standard output. */
  destination?: DestinationStream;
}

/** Credentials and personal data have no business in a line; should somebody log a request as it is, these are cut out. */
const SECRET_PATHS = ['authorization', 'cookie', 'set-cookie', 'password', 'token', 'body', 'headers', 'query'].flatMap((name) => [
  `["${name}"]`,
  `*["${name}"]`,
  `*.headers["${name}"]`,
]);

/** JSON lines with level names and ISO times; every line carries the ids of the work it was written for. */
export function createLogger({ service, level = 'info', destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => ({ ...currentTrace() }),
    redact: { paths: SECRET_PATHS, censor: '[removed]' },
    serializers: { err: faultFields },
  };
  return destination ? pino(options, destination) : pino(options);
}

const CAUSES_MAX = 3;

/** Name, message, stack and causes of an error. Not its other members: database errors carry rows in theirs. */
function faultFields(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause = error.cause !== undefined && depth < CAUSES_MAX ? { cause: faultFields(error.cause, depth + 1) } : {};
  return { type: error.name, message: error.message, stack: error.stack, ...code, ...cause };
}
