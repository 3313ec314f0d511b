import type { AppendResult, EventStore, ReadAllFilter, RecordedEvent, StoredEvent } from '@talon/event-sourcing';
import { newId } from '@talon/kernel';

/** A store under test, with what only its adapter can do to it. */
export interface ContractSubject {
  store: EventStore;
  /** Another instance over the same log, as another process would have; the same one where the log lives in memory. */
  another(): Promise<EventStore>;
  /** Cuts every connection of every instance, as a server that is killed does. Absent where there are none. */
  breakConnections?(): Promise<void>;
  /** Closes all instances. */
  close(): Promise<void>;
}

/** How long one test reads at most. */
const READING_MAX_MS = 20_000;

export const newStream = (category?: unknown): string => `${typeof category === 'string' ? category : 'contract'}-${newId()}`;

export const sample = (data: object = { n: 1 }, type = 'Sampled.v1'): StoredEvent => ({ id: newId(), type, data, metadata: { at: '2026-01-01T00:00:00.000Z' } });

/** Creates a stream of `count` events numbered from 0. */
export const appended = (store: EventStore, stream: string, count: number): Promise<AppendResult> =>
  store.append(stream, 'none', Array.from({ length: count }, (_, n) => sample({ n })));

/** Reads pages after `start` until `count` events have come and the page says it is the end, or for too long. */
export async function readOn(store: EventStore, start: number, count: number, options: { max: number; filter?: ReadAllFilter }): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  let position = start;
  for (const end = Date.now() + READING_MAX_MS; Date.now() < end; ) {
    const page = await store.readAll(position, options);
    if (page.position < position) throw new Error(`readAll went back from ${position} to ${page.position}`);
    if (page.events.length > options.max) throw new Error(`readAll gave ${page.events.length} events of at most ${options.max}`);
    events.push(...page.events);
    position = page.position;
    if (page.atEnd && events.length >= count) return events;
    if (page.atEnd) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return events;
}

/** What a reader saw, per stream: must be 0, 1, 2 … without a gap or a repeat. @returns complaints */
export function disorder(events: RecordedEvent[]): string[] {
  const next = new Map<string, number>();
  const complaints: string[] = [];
  let position = -1;
  for (const event of events) {
    const expected = next.get(event.stream) ?? 0;
    if (event.revision !== expected) complaints.push(`${event.stream}: revision ${event.revision} instead of ${expected}`);
    if (event.position <= position) complaints.push(`position ${event.position} after ${position}`);
    next.set(event.stream, event.revision + 1);
    position = event.position;
  }
  return complaints;
}

/** Waits until `done`, at most `timeoutMs`. @returns whether it came true */
export async function eventually(done: () => boolean, timeoutMs = 20_000): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; ) {
    if (done()) return true;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return done();
}
