import type { ReserveSlot, SessionSupply } from '@talon/contracts';
import { type EventStore, type ExpectedRevision, InMemoryEventStore, type RecordedEvent, START, type StoredEvent, UnknownOutcomeError } from '@talon/event-sourcing';
import { deriveId, isDomainError, type ManualClock, newId } from '@talon/kernel';
import type { RedisGate } from '@talon/redis';
import { RedisSlotStore } from '../adapters/redis/redis-slot-store';
import { SupplySource } from '../application/ports';
import { SessionLoader } from '../application/session-loader';
import { SessionViews } from '../application/session-views';
import { SlotDesk } from '../application/slot-desk';

export const NOW = '2026-03-02T08:00:00.000Z';
const HOSPITAL = deriveId('hospital', 'one');

/** The log in memory, slow as a disk, with faults that a spec orders. */
export class SlowStore extends InMemoryEventStore {
  delayMs = 1;
  /** Events go in, but the caller is not told, so often. */
  loseAnswers = 0;
  /** Appends hang for ever: the process was killed there. */
  dieBeforeAppend = false;
  override async append(stream: string, expected: ExpectedRevision, events: StoredEvent[]) {
    if (this.dieBeforeAppend) return new Promise<never>(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * this.delayMs));
    const result = await super.append(stream, expected, events);
    if (this.loseAnswers > 0) {
      this.loseAnswers--;
      throw new UnknownOutcomeError('the answer got lost');
    }
    return result;
  }
}

export class Supplies extends SupplySource {
  readonly sessions = new Map<string, SessionSupply>();
  override async supply(sessionId: string) {
    return this.sessions.get(sessionId) ?? null;
  }
  /** Tickets from 09:00 to 12:00 on 2026-03-02. */
  add(capacity: number, change: Partial<SessionSupply> = {}): string {
    const sessionId = newId();
    const startsAt = '2026-03-02T09:00:00.000Z';
    const endsAt = '2026-03-02T12:00:00.000Z';
    const slots = Array.from({ length: capacity }, (_, index) => ({ number: index + 1, startsAt, endsAt, bookableUntil: endsAt }));
    this.sessions.set(sessionId, { sessionId, hospitalId: HOSPITAL, revision: 0, suspended: false, opensAt: null, endsAt, slots, ...change });
    return sessionId;
  }
}

/** One process of inventory. */
export function inventoryProcess(gate: RedisGate, store: InMemoryEventStore, source: Supplies, clock: ManualClock) {
  const slots = new RedisSlotStore(gate, clock);
  const loader = new SessionLoader(store, slots, source);
  return { slots, loader, desk: new SlotDesk(store, slots, loader, clock), views: new SessionViews(slots, loader, clock) };
}

export const metadata = { at: NOW };
export const ask = (sessionId: string, more: Partial<ReserveSlot> = {}): ReserveSlot => ({
  sessionId,
  bookingId: newId(),
  attemptId: newId(),
  metadata,
  ...more,
});
export const until = async (done: () => Promise<boolean>, timeoutMs = 15_000) => {
  const deadline = performance.now() + timeoutMs;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error('did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

export const allEvents = async (store: EventStore): Promise<RecordedEvent[]> => (await store.readAll(START, { max: 5_000 })).events;

/** Who has which slot, by the log; fails when two have one. */
export const owners = async (store: EventStore, sessionId: string): Promise<Map<number, string>> => {
  const taken = new Map<number, string>();
  for (const { type, stream, data } of await allEvents(store)) {
    const { slot, bookingId } = data as { slot: number; bookingId: string };
    if (!stream.startsWith(`slot-${sessionId}_`)) continue;
    if (type === 'SlotHeld.v1' || type === 'SlotReserved.v1') {
      if (taken.has(slot)) throw new Error(`slot ${slot} was sold twice`);
      taken.set(slot, bookingId);
    }
    if ((type === 'SlotReleased.v1' || type === 'HoldExpired.v1') && !taken.delete(slot)) throw new Error(`slot ${slot} was given back twice`);
  }
  return taken;
};

/** The code of the refusal; fails on any other fault. */
export const refusal = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    if (isDomainError(error)) return error.code;
    throw error;
  }
  return 'not refused';
};
