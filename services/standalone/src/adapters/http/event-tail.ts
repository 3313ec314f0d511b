import { setTimeout as pause } from 'node:timers/promises';
import type { EventStore, ReadAllFilter } from '@talon/event-sourcing';
import { type Wake, commonError } from '@talon/kernel';
import { RecentLog } from '@talon/read-model';

/** Requests that may wait for news at the same time, per process. */
export const WAITERS_MAX = 1_000;
/** The store is looked at this often while somebody waits and nobody woke us, milliseconds. */
const POLL_MS = 200;
/** And at most this often however often we are woken. */
const GATHER_MS = 10;

interface Waiter {
  after: number;
  filter: ReadAllFilter;
  done: () => void;
}

/** Lets many requests wait for the next event that concerns them, for the price of one reader of the log. */
export class EventTail {
  private readonly log: RecentLog;
  private readonly waiters = new Set<Waiter>();
  private watching = false;
  private stopped = false;
  private knock: (() => void) | undefined;
  private readonly stopListening: () => void;

  constructor(store: EventStore, wake: Wake, private readonly onError: (error: unknown) => void = () => undefined) {
    this.log = new RecentLog(store);
    this.stopListening = wake.onSignal(() => this.knock?.());
  }

  /**
   * Resolves when there may be an event after `after` that passes the filter, when `waitMs` are over, when `signal` aborts, or when the process stops.
   * @throws {DomainError} `talon/unavailable` when too many wait already
   */
  async wait(after: number, filter: ReadAllFilter, waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.stopped || signal.aborted) return;
    if (this.waiters.size >= WAITERS_MAX) throw commonError('unavailable', 'Too many requests wait for events here');
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.waiters.delete(waiter);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      const waiter = { after, filter, done };
      signal.addEventListener('abort', done);
      this.waiters.add(waiter);
      if (!this.watching) void this.watch();
    });
  }

  /** Lets everybody go. */
  stop(): void {
    this.stopped = true;
    this.stopListening();
    for (const { done } of this.waiters) done();
    this.knock?.();
  }

  private async watch() {
    this.watching = true;
    while (this.waiters.size > 0) {
      const knocked = new Promise<void>((resolve) => (this.knock = resolve));
      try {
        await this.log.refresh();
        for (const { after, filter, done } of this.waiters) if (this.concerns(after, filter)) done();
      } catch (error) {
        this.onError(error);
        await pause(POLL_MS);
      }
      await pause(GATHER_MS);
      const abort = new AbortController();
      await Promise.race([knocked, pause(POLL_MS, undefined, { signal: abort.signal }).catch(() => undefined)]);
      abort.abort();
    }
    this.watching = false;
  }

  private concerns(after: number, filter: ReadAllFilter): boolean {
    return after < (this.log.end ?? after) && this.log.nothingUpTo(after, filter) === undefined;
  }
}
