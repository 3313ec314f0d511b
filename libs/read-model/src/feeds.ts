import { setTimeout as pause } from 'node:timers/promises';
import { type EventStore, type ReadAllFilter, type RecordedEvent, START } from '@talon/event-sourcing';
import { type Wake, commonError } from '@talon/kernel';
import type { DataSource, EntityManager } from 'typeorm';
import type { FeedLag, Projection, Reaction, Rebuilt } from './consumer';
import { Cursors } from './cursors';
import { rebuildProjection } from './rebuild';
import { RecentLog } from './recent-log';

/** Events handed to a consumer at once, at most. */
export const FEED_BATCH_MAX = 1_000;
/** How often a process looks by itself, because wake-ups may be lost, milliseconds. */
export const FEED_POLL_MS = 200;
/** The same when nothing has happened for a while. */
export const FEED_IDLE_POLL_MS = 500;
const IDLE_AFTER_MS = 5_000;
/** Pause after a look, so that what arrives meanwhile travels in one batch. */
const FEED_GATHER_MS = 50;
/** Consumers of one process at work at the same time; each holds a connection. */
const FEED_PARALLEL_MAX = 8;
/** When another process has the feed, it is left alone for so long. */
const FEED_ELSEWHERE_MS = 100;
const FEED_BACKOFF_MS = 200;
const FEED_BACKOFF_MS_MAX = 10_000;
const CAUGHT_UP_MS_DEFAULT = 5_000;

export interface FeedsSetup {
  store: EventStore;
  dataSource: DataSource;
  wake: Wake;
  /** A batch failed and will be tried again, or the poll itself did (then without a name). */
  onFailure?: (error: unknown, feed?: string) => void;
}

interface Consumer {
  name: string;
  filter: ReadAllFilter;
  handle(events: RecordedEvent[], tx: EntityManager): Promise<void>;
  before?: Reaction['before'];
  projection?: Projection;
  /** Failures in a row. */
  failures: number;
  /** Not before then, milliseconds of `performance.now()`. */
  notBefore: number;
  running?: Promise<void>;
}

/**
 * Carries the log to consumers. Each has a cursor row, locked while a batch is worked on: however many processes run the same consumer,
 * one of them handles a batch at a time. Projections save rows and cursor in one transaction; reactions save the cursor after the effect.
 * A failing consumer retries its batch with growing pauses and stops nobody else.
 */
export class Feeds {
  private readonly consumers = new Map<string, Consumer>();
  private readonly cursors: Cursors;
  private readonly log: RecentLog;
  private readonly waiters = new Set<{ name: string; position: number; done: () => void }>();
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;
  private woken = false;
  private wakeUp: (() => void) | undefined;

  constructor(private readonly setup: FeedsSetup) {
    this.cursors = new Cursors(setup.dataSource);
    this.log = new RecentLog(setup.store);
  }

  /** Before or after `start`. @throws when the name is taken */
  addProjection(projection: Projection): void {
    const { name, filter } = projection;
    this.add({ name, filter, handle: (events, tx) => projection.apply(events, tx), projection, failures: 0, notBefore: 0 });
  }

  /** Before or after `start`. @throws when the name is taken */
  addReaction(reaction: Reaction): void {
    const before: Reaction['before'] = reaction.before && ((cursor) => reaction.before?.(cursor) ?? Promise.resolve(undefined));
    this.add({ name: reaction.name, filter: reaction.filter, handle: (events) => reaction.handle(events), before, failures: 0, notBefore: 0 });
  }

  private add(consumer: Consumer) {
    if (this.consumers.has(consumer.name)) throw new Error(`feed ${consumer.name} is registered twice`);
    this.consumers.set(consumer.name, consumer);
    this.look();
  }

  /** Starts looking; a repeat changes nothing. */
  start(): void {
    this.loop ??= this.run();
  }

  /** Resolves when the batches at work are through. Not to be started again. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.look();
    await this.loop;
    await Promise.all([...this.consumers.values()].map((consumer) => consumer.running));
  }

  /**
   * Waits until a consumer (of any process) has handled everything up to `position`, by default all that is in the store now.
   * @param options.timeoutMs 1 to 60 000, default 5 000
   * @throws {DomainError} `talon/unavailable` when it has not by then
   */
  async caughtUp(name: string, options: { position?: number; timeoutMs?: number } = {}): Promise<void> {
    const position = options.position ?? (await this.setup.store.head());
    await new Promise<void>((resolve, reject) => {
      const waiter = { name, position, done: () => finish(resolve) };
      const late = () => finish(() => reject(commonError('unavailable', `${name} has not caught up with the log in time`)));
      const timer = setTimeout(late, options.timeoutMs ?? CAUGHT_UP_MS_DEFAULT);
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        settle();
      };
      this.waiters.add(waiter);
      this.look();
    });
  }

  /** Every consumer this process runs, and how far behind it is. */
  async lag(): Promise<FeedLag[]> {
    const [cursors, head] = await Promise.all([this.cursors.all(), this.setup.store.head()]);
    return [...this.consumers.keys()].map((name) => {
      const { position, failure } = cursors.get(name) ?? { position: START };
      return { name, position, behind: Math.max(0, head - position), ...(failure && { error: failure }) };
    });
  }

  /** Names of the projections this process can rebuild. */
  get projections(): string[] {
    return [...this.consumers.values()].filter(({ projection }) => projection).map(({ name }) => name);
  }

  /**
   * Calls a reaction's `before` now, without a batch, once nobody works on the feed.
   * @throws what `before` throws
   */
  async attend(name: string): Promise<void> {
    const consumer = this.consumers.get(name);
    if (!consumer) throw new Error(`there is no feed ${name}`);
    await this.setup.dataSource.transaction(async (tx) => {
      const cursor = await this.cursors.lock(tx, name, 'wait');
      if (cursor) await this.prepare(consumer, cursor, tx);
    });
  }

  /**
   * Builds a projection's tables again from position 0 up to its cursor, in one transaction, and compares. Readers see the old rows until it is
   * through; the live feed of this projection waits. The rebuilt rows are kept.
   * @throws when there is no such projection; everything is then as it was
   */
  async rebuild(name: string): Promise<Rebuilt> {
    const projection = this.consumers.get(name)?.projection;
    if (!projection) throw commonError('not-found', `There is no read model ${name}; there are: ${this.projections.join(', ')}`);
    await this.cursors.create([name]);
    return rebuildProjection(projection, { ...this.setup, cursors: this.cursors });
  }

  private look() {
    this.woken = true;
    this.wakeUp?.();
  }

  private async run() {
    const stopListening = this.setup.wake.onSignal(() => this.look());
    let activeAt = performance.now();
    let created = 0;
    while (!this.stopping.signal.aborted) {
      this.woken = false;
      try {
        if (created < this.consumers.size) await this.cursors.create([...this.consumers.keys()]);
        created = this.consumers.size;
        if (await this.tick()) activeAt = performance.now();
      } catch (error) {
        this.setup.onFailure?.(error);
        await pause(FEED_BACKOFF_MS);
      }
      await pause(FEED_GATHER_MS);
      const idle = performance.now() - activeAt > IDLE_AFTER_MS;
      if (!this.woken && this.waiters.size === 0) await this.sleep(idle ? FEED_IDLE_POLL_MS : FEED_POLL_MS);
    }
    stopListening();
  }

  private sleep(ms: number) {
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.woken || this.stopping.signal.aborted) this.wakeUp();
    });
  }

  /** One look: takes in what is new and sets to work whoever it concerns. @returns whether there was anything */
  private async tick(): Promise<boolean> {
    await this.log.refresh();
    const cursors = await this.cursors.all();
    this.settle(cursors);
    const skips: { name: string; from: number; to: number }[] = [];
    let active = false;
    for (const consumer of this.consumers.values()) {
      if (consumer.running || consumer.notBefore > performance.now()) continue;
      const from = cursors.get(consumer.name)?.position ?? START;
      if (from >= (this.log.end ?? START)) continue;
      active = true;
      const skipTo = this.log.nothingUpTo(from, consumer.filter);
      if (skipTo === undefined) this.startWork(consumer);
      else skips.push({ name: consumer.name, from, to: skipTo });
    }
    if (skips.length > 0) {
      await this.cursors.skip(skips);
      if (this.waiters.size > 0) this.settle(await this.cursors.all());
    }
    return active;
  }

  private settle(cursors: Map<string, { position: number }>) {
    for (const waiter of this.waiters) if ((cursors.get(waiter.name)?.position ?? START) >= waiter.position) waiter.done();
  }

  private startWork(consumer: Consumer) {
    const atWork = [...this.consumers.values()].filter(({ running }) => running).length;
    if (atWork >= FEED_PARALLEL_MAX) return;
    consumer.running = this.work(consumer).finally(() => {
      consumer.running = undefined;
      this.look();
    });
  }

  /** Batch after batch until there is none, another process has the feed, or a batch fails. */
  private async work(consumer: Consumer): Promise<void> {
    try {
      let more = true;
      while (more && !this.stopping.signal.aborted) {
        more = await this.batch(consumer);
        consumer.failures = 0;
      }
    } catch (error) {
      const delay = Math.min(FEED_BACKOFF_MS * 2 ** consumer.failures++, FEED_BACKOFF_MS_MAX);
      consumer.notBefore = performance.now() + delay * (0.5 + Math.random() / 2);
      this.setup.onFailure?.(error, consumer.name);
      await this.cursors.fail(consumer.name, error).catch(() => undefined);
    }
  }

  /** @returns whether there may be more right now */
  private batch(consumer: Consumer): Promise<boolean> {
    const { name, filter } = consumer;
    return this.setup.dataSource.transaction(async (tx) => {
      // Losing the end of this after a crash only means doing it again: the cursor is lost together with the rows.
      await tx.query('SET LOCAL synchronous_commit = off');
      const cursor = await this.cursors.lock(tx, name, 'skip');
      if (!cursor) {
        consumer.notBefore = performance.now() + FEED_ELSEWHERE_MS;
        return false;
      }
      const { position } = cursor;
      const page = await this.log.read(position, FEED_BATCH_MAX, filter);
      if (page.position <= position) return false;
      if (page.events.length > 0) {
        await this.prepare(consumer, cursor, tx);
        await consumer.handle(page.events, tx);
      }
      await this.cursors.save(tx, name, page.position);
      return !page.atEnd;
    });
  }

  private async prepare(consumer: Consumer, cursor: { position: number; note?: string }, tx: EntityManager) {
    const note = await consumer.before?.(cursor);
    if (note !== undefined && note !== cursor.note) await this.cursors.annotate(tx, consumer.name, note);
  }
}
