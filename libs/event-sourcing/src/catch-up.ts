import type { Wake } from '@talon/kernel';
import type { RecordedEvent } from './event';
import { type Page, READ_ALL_MAX, type ReadAllFilter, type Subscription } from './event-store';

/** How often a subscription looks by itself when nothing woke it, milliseconds. */
export const SUBSCRIPTION_POLL_MS = 250;
/** Pause after the first failure of a handler or a read, milliseconds; doubles with each further one. */
export const SUBSCRIPTION_RETRY_MS = 50;
export const SUBSCRIPTION_RETRY_MAX_MS = 2_000;
export const SUBSCRIPTION_BATCH_DEFAULT = 500;

export interface CatchUpSource {
  readAll(after: number, options: { max: number; filter?: ReadAllFilter }): Promise<Page>;
}

export interface CatchUpOptions {
  filter?: ReadAllFilter;
  /** 1 to 5 000 events per call of the handler, default 500. */
  batchMax?: number;
  /** Shortens the wait for news; without it the subscription polls. */
  wake?: Wake;
  pollMs?: number;
  /** Told about every failed read or handler; the subscription goes on by itself. */
  onError?: (error: unknown) => void;
}

/**
 * Follows a store by position: reads pages after `after` until it is at the end, then waits for a wake or the poll interval. The position only
 * moves when the handler has returned, so a handler that throws and a read that fails both lead to the same batch again, after a growing
 * pause, for as long as the subscription lives.
 */
export function catchUp(
  source: CatchUpSource,
  after: number,
  options: CatchUpOptions,
  handle: (events: RecordedEvent[]) => Promise<void>,
): Subscription {
  const { filter, wake, onError, pollMs = SUBSCRIPTION_POLL_MS } = options;
  const max = Math.min(Math.max(options.batchMax ?? SUBSCRIPTION_BATCH_DEFAULT, 1), READ_ALL_MAX);
  const bell = new Bell();
  const unsubscribe = wake?.onSignal(() => bell.ring());
  let stopped = false;

  const run = async () => {
    let position = after;
    let failures = 0;
    while (!stopped) {
      try {
        bell.reset();
        const page = await source.readAll(position, { max, filter });
        if (page.events.length > 0 && !stopped) await handle(page.events);
        if (stopped) return;
        position = page.position;
        failures = 0;
        if (page.atEnd) await bell.wait(pollMs);
      } catch (error) {
        onError?.(error);
        // News must not shorten this pause: a busy store would turn a failing handler into a hot loop.
        bell.reset();
        await bell.pause(Math.min(SUBSCRIPTION_RETRY_MS * 2 ** failures++, SUBSCRIPTION_RETRY_MAX_MS));
      }
    }
  };
  const finished = run();
  return {
    stop() {
      stopped = true;
      unsubscribe?.();
      bell.end();
      return finished;
    },
  };
}

/** Remembers a ring that came while nobody was waiting, so that news between a read and the wait is not slept over. */
class Bell {
  private rang = false;
  private ended = false;
  private wakeUp: (() => void) | undefined;
  private deaf = false;

  ring() {
    this.rang = true;
    if (!this.deaf) this.wakeUp?.();
  }
  end() {
    this.ended = true;
    this.wakeUp?.();
  }
  reset() {
    this.rang = false;
  }
  wait(ms: number): Promise<void> {
    return this.rang ? Promise.resolve() : this.sleep(ms);
  }
  async pause(ms: number): Promise<void> {
    this.deaf = true;
    await this.sleep(ms);
    this.deaf = false;
  }
  private sleep(ms: number): Promise<void> {
    if (this.ended) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
