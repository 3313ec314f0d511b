import { type AppendResult, type EventText, type ExpectedRevision, type StoredEvent, UnknownOutcomeError, WrongRevisionError } from '@talon/event-sourcing';
import { commonError } from '@talon/kernel';
import { isLost } from './connection';

/** Events in one batch, unless a single append is larger. */
export const BATCH_EVENTS_MAX = 500;
/** Characters of JSON text in one batch, unless a single append is larger. */
export const BATCH_TEXT_MAX = 4_000_000;
/** Appends that may wait for a batch; more are refused at once, because they would wait for seconds. */
export const QUEUE_MAX = 20_000;
/** Batches in flight at once: while one is written to disk, the next is already on its way. More only wait for the same lock. */
export const LANES_MAX = 2;

export interface PendingAppend {
  stream: string;
  expected: ExpectedRevision;
  events: StoredEvent[];
  texts: EventText[];
  textLength: number;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

export interface BatchOutcome {
  /** One entry per append, in the order of the batch. `refused` carries the stream's last revision, -1 when it has none. */
  results: (AppendResult | { refused: number })[];
}

export interface AppendBackend {
  /** Writes a batch; tries again with the same ids while the connection is lost. */
  write(batch: PendingAppend[]): Promise<BatchOutcome>;
  /** Finds out which refused appends had been stored by an earlier attempt; undefined for those that had not. */
  findRepeats(refused: PendingAppend[]): Promise<(AppendResult | undefined)[]>;
  committed(): void;
}

/**
 * Group commit: a batch is whatever arrived while the batches before it were in flight. No timers; a lonely append leaves in the same turn
 * of the event loop.
 */
export class AppendQueue {
  private waiting: PendingAppend[] = [];
  private lanesBusy = 0;
  private scheduled = false;
  private closing: (() => void) | undefined;

  constructor(private readonly backend: AppendBackend) {}

  add(append: PendingAppend) {
    if (this.waiting.length >= QUEUE_MAX) {
      append.reject(commonError('unavailable', `more than ${QUEUE_MAX} appends are waiting`));
      return;
    }
    this.waiting.push(append);
    this.schedule();
  }

  /** Resolves when nothing waits or is in flight. */
  async drain(): Promise<void> {
    if (this.waiting.length === 0 && this.lanesBusy === 0) return;
    await new Promise<void>((resolve) => {
      this.closing = resolve;
    });
  }

  /** At the end of the turn, so that everything that this turn appends travels together. */
  private schedule() {
    if (this.scheduled || this.lanesBusy >= LANES_MAX) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (this.waiting.length > 0 && this.lanesBusy < LANES_MAX) void this.flush();
    });
  }

  private async flush() {
    const batch = this.takeBatch();
    this.lanesBusy++;
    if (this.waiting.length > 0) this.schedule();
    try {
      await this.settle(batch);
    } finally {
      this.lanesBusy--;
      if (this.waiting.length > 0) this.schedule();
      else if (this.lanesBusy === 0) this.closing?.();
    }
  }

  /** A stream takes part once in a batch, so that the batch can be decided as a set; its later appends wait for the next. */
  private takeBatch(): PendingAppend[] {
    const batch: PendingAppend[] = [];
    const later: PendingAppend[] = [];
    const streams = new Set<string>();
    let events = 0;
    let textLength = 0;
    let index = 0;
    for (; index < this.waiting.length; index++) {
      const append = this.waiting[index]!;
      const full = events + append.events.length > BATCH_EVENTS_MAX || textLength + append.textLength > BATCH_TEXT_MAX;
      if (full && batch.length > 0) break;
      if (streams.has(append.stream)) {
        later.push(append);
        continue;
      }
      streams.add(append.stream);
      batch.push(append);
      events += append.events.length;
      textLength += append.textLength;
    }
    this.waiting = later.length > 0 ? later.concat(this.waiting.slice(index)) : this.waiting.slice(index);
    return batch;
  }

  private async settle(batch: PendingAppend[]): Promise<void> {
    try {
      const { results } = await this.backend.write(batch);
      const refused: { append: PendingAppend; tip: number }[] = [];
      batch.forEach((append, index) => {
        const result = results[index]!;
        if ('refused' in result) refused.push({ append, tip: result.refused });
        else append.resolve(result);
      });
      if (refused.length < batch.length) this.backend.committed();
      // Not awaited: the lane is free for the next batch while the refusals are looked into.
      if (refused.length > 0) void this.settleRefused(refused);
    } catch (error) {
      await this.settleFailed(batch, error);
    }
  }

  /** A fault of the statement itself may come from one append only: each is tried alone, so that its neighbours do not fail with it. */
  private async settleFailed(batch: PendingAppend[], error: unknown): Promise<void> {
    if (isLost(error)) {
      for (const append of batch) append.reject(new UnknownOutcomeError(`append to ${append.stream}: connection lost`, { cause: error }));
    } else if (batch.length === 1) {
      batch[0]!.reject(error);
    } else {
      for (const append of batch) await this.settle([append]);
    }
  }

  private async settleRefused(refused: { append: PendingAppend; tip: number }[]): Promise<void> {
    try {
      const repeats = await this.backend.findRepeats(refused.map(({ append }) => append));
      refused.forEach(({ append, tip }, index) => {
        const repeat = repeats[index];
        if (repeat) append.resolve(repeat);
        else append.reject(new WrongRevisionError(append.stream, append.expected, tip < 0 ? undefined : tip));
      });
    } catch (error) {
      const cause = isLost(error) ? new UnknownOutcomeError('append refused, and the connection was lost', { cause: error }) : error;
      for (const { append } of refused) append.reject(cause);
    }
  }
}
