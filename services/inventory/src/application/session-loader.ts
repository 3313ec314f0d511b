import type { SessionSupply } from '@talon/contracts';
import { EventStore, fold, READ_ALL_MAX, type RecordedEvent } from '@talon/event-sourcing';
import { slotCodec, SLOT_CATEGORY, slotStream, type SlotEvent } from '../domain/events';
import type { CopySupply, SessionCopy, Settlement, SlotRecord } from '../domain/session-copy';
import { type Slot, slotDecider } from '../domain/slot';
import type { SlotStore, SupplySource } from './ports';

/** How often a load starts over because the session changed while it was read. */
const LOAD_ATTEMPTS_MAX = 5;
const STREAMS_PER_READ_MAX = 2_000;

const foldSlot = (recorded: RecordedEvent[]): Slot =>
  fold<Slot, SlotEvent>(slotDecider, recorded.map((event) => slotCodec.decode(event)));

/** What a slot's stream says, as a settlement. */
export const settlementOf = (slot: number, recorded: RecordedEvent[]): Settlement => ({ slot, mark: foldSlot(recorded).status, revision: recorded.length - 1 });

/** Rebuilds sessions from the log when the fast copy does not know them, and compares the two. */
export class SessionLoader {
  private readonly loading = new Map<string, Promise<boolean>>();

  constructor(
    private readonly store: EventStore,
    private readonly slots: SlotStore,
    private readonly source: SupplySource,
  ) {}

  /** Calls at the same time share one load. @returns false: no such session */
  load(sessionId: string): Promise<boolean> {
    let load = this.loading.get(sessionId);
    if (!load) {
      load = this.loadOnce(sessionId).finally(() => this.loading.delete(sessionId));
      this.loading.set(sessionId, load);
    }
    return load;
  }

  private async loadOnce(sessionId: string): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const fromLog = await this.fromLog(sessionId);
      if (!fromLog) return false;
      const outcome = await this.slots.load(fromLog);
      if (outcome === 'outdated' && attempt < LOAD_ATTEMPTS_MAX) continue;
      if (outcome === 'outdated') throw new Error(`session ${sessionId} changed ${LOAD_ATTEMPTS_MAX} times while it was loaded`);
      // Whatever was appended between the first reading and the load was told to a copy that did not exist yet.
      if (outcome === 'loaded') await this.repair(sessionId, await this.touchedSince(fromLog));
      return true;
    }
  }

  /** Slots of a session that something was appended to after it was read; all of them when the log has moved on too far to look through. */
  private async touchedSince({ epoch, sessionId, slots }: SessionCopy): Promise<number[]> {
    const page = await this.store.readAll(epoch, { max: READ_ALL_MAX, filter: { categories: [SLOT_CATEGORY] } });
    if (!page.atEnd) return slots.map(({ number }) => number);
    const prefix = slotStream(sessionId, 0).slice(0, -1);
    return [...new Set(page.events.filter(({ stream }) => stream.startsWith(prefix)).map(({ stream }) => Number(stream.slice(prefix.length))))];
  }

  /** Reads these slots again and corrects the copy. @returns the mark of each slot */
  async repair(sessionId: string, numbers: number[]): Promise<Settlement[]> {
    const streams = await this.streams(sessionId, numbers);
    const settlements = numbers.map((slot) => settlementOf(slot, streams.get(slotStream(sessionId, slot)) ?? []));
    if (settlements.length > 0) await this.slots.settleAll(sessionId, settlements);
    return settlements;
  }

  /** The session as supply and slot streams say now; null: no such session. */
  async fromLog(sessionId: string): Promise<SessionCopy | null> {
    const epoch = await this.store.head();
    const supply = await this.source.supply(sessionId);
    if (!supply) return null;
    const { slots, ...rest } = toCopySupply(supply);
    const streams = await this.streams(sessionId, slots.map(({ number }) => number));
    const records = slots.map((slot): SlotRecord => {
      const { mark, revision } = settlementOf(slot.number, streams.get(slotStream(sessionId, slot.number)) ?? []);
      return { ...slot, mark, revision };
    });
    return { ...rest, hospitalId: supply.hospitalId, epoch, slots: records };
  }

  /** Brings status and supply up to the log. Does nothing for a session that does not exist. */
  async sync(sessionId: string): Promise<void> {
    const supply = await this.source.supply(sessionId);
    if (supply) await this.slots.sync(toCopySupply(supply));
  }

  /**
   * Slots on which the fast copy and the log disagree, in words; empty when they agree or the session is not loaded. A slot being taken at
   * this moment may be named: ask again.
   * @returns null: no such session
   */
  async drift(sessionId: string): Promise<string[] | null> {
    const copy = await this.slots.read(sessionId);
    if (!copy) return (await this.source.supply(sessionId)) ? [] : null;
    const log = await this.fromLog(sessionId);
    if (!log) return [`session ${sessionId} is in the fast copy but not in the log`];
    const differences: string[] = [];
    const compare = (what: string, inCopy: unknown, inLog: unknown) => {
      if (inCopy !== inLog) differences.push(`${what}: fast copy ${String(inCopy)}, log ${String(inLog)}`);
    };
    compare('session revision', copy.revision, log.revision);
    compare('suspended', copy.suspended, log.suspended);
    compare('opens at', copy.opensAtMs, log.opensAtMs);
    const known = new Map(copy.slots.map((slot) => [slot.number, slot]));
    for (const slot of log.slots) {
      compare(`slot ${slot.number} mark`, known.get(slot.number)?.mark, slot.mark);
      compare(`slot ${slot.number} revision`, known.get(slot.number)?.revision, slot.revision);
    }
    return differences;
  }

  private async streams(sessionId: string, numbers: number[]): Promise<Map<string, RecordedEvent[]>> {
    const found = new Map<string, RecordedEvent[]>();
    for (let from = 0; from < numbers.length; from += STREAMS_PER_READ_MAX) {
      const names = numbers.slice(from, from + STREAMS_PER_READ_MAX).map((number) => slotStream(sessionId, number));
      for (const [name, events] of await this.store.readStreams(names)) found.set(name, events);
    }
    return found;
  }
}

function toCopySupply({ sessionId, revision, suspended, opensAt, endsAt, slots }: SessionSupply): CopySupply {
  return {
    sessionId,
    revision,
    suspended,
    opensAtMs: opensAt === null ? 0 : Date.parse(opensAt),
    endsAtMs: Date.parse(endsAt),
    slots: slots.map((slot) => ({
      number: slot.number,
      bookableUntilMs: Date.parse(slot.bookableUntil),
      startsAtMs: Date.parse(slot.startsAt),
      endsAtMs: Date.parse(slot.endsAt),
    })),
  };
}
