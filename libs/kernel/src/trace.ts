import { AsyncLocalStorage } from 'node:async_hooks';

/** Ids that tie log lines and events of one piece of work together. Ids only, never personal data. */
export interface Trace {
  /** This attempt: one HTTP request, one message. */
  requestId: string;
  /** The request or process that started it all; stays the same across services. */
  correlationId: string;
  /** The command or event that caused this work, where there is one. */
  causationId?: string;
}

const storage = new AsyncLocalStorage<Trace>();

/** Runs `work` (and everything it awaits) under these ids. */
export const withTrace = <T>(trace: Trace, work: () => T): T => storage.run(trace, work);

/** @returns the ids of the work this code runs for; undefined outside of any */
export const currentTrace = (): Trace | undefined => storage.getStore();
