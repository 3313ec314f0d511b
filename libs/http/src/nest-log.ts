import type { LoggerService } from '@nestjs/common';
import type { Log } from '@talon/kernel';

/** What Nest has to say, in the platform's log; its chatter about starting goes to debug. */
export class NestLog implements LoggerService {
  constructor(private readonly sink: Log) {}

  log(message: unknown, ...rest: unknown[]) {
    this.sink.debug(fields(rest), String(message));
  }
  warn(message: unknown, ...rest: unknown[]) {
    this.sink.warn(fields(rest), String(message));
  }
  error(message: unknown, ...rest: unknown[]) {
    this.sink.error({ ...fields(rest), ...(message instanceof Error ? { err: message } : {}) }, message instanceof Error ? message.message : String(message));
  }
}

/** Nest puts the context last and, for errors, the stack before it. */
function fields(rest: unknown[]): object {
  const context = rest.at(-1);
  const stack = rest.length > 1 ? rest[0] : undefined;
  return { ...(typeof context === 'string' ? { context } : {}), ...(typeof stack === 'string' ? { stack } : {}) };
}
