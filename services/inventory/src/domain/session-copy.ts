import type { SaleRefusal } from './errors';

/**
 * The rules of the fast copy, as a pure model: what the Lua scripts do, and the oracle they are compared with. The functions change the
 * model in place, as the scripts change Redis.
 */
export type SlotMark = 'free' | 'held' | 'reserved' | 'withdrawn';

export interface SlotRecord {
  number: number;
  mark: SlotMark;
  /** Last revision of the slot's stream that the mark knows of; -1: no stream. */
  revision: number;
  /** Instants of the slot, milliseconds, whole seconds. */
  bookableUntilMs: number;
  startsAtMs: number;
  endsAtMs: number;
}

/** One session in the fast copy. */
export interface SessionCopy {
  sessionId: string;
  hospitalId: string;
  /** Position of the log when it was loaded. */
  epoch: number;
  /** Revision of the session's stream its supply is of. */
  revision: number;
  suspended: boolean;
  /** 0: open since it was planned. */
  opensAtMs: number;
  endsAtMs: number;
  slots: SlotRecord[];
}

export interface Ask {
  /** 0: the first free one. */
  slot: number;
  as: 'held' | 'reserved' | 'withdrawn';
}

export type AskReply =
  | { tag: 'taken'; slot: number; revision: number; startsAtMs: number; endsAtMs: number }
  | { tag: 'refused'; reason: SaleRefusal; mark?: SlotMark };

export type TakeReply =
  | { tag: 'not-loaded' }
  | { tag: 'refused'; reason: SaleRefusal; opensAtMs?: number; suspects: number[] }
  | { tag: 'session'; epoch: number; hospitalId: string; suspects: number[]; replies: AskReply[] };

/** The mark of a slot after an event, and the revision of that event. */
export interface Settlement {
  slot: number;
  mark: SlotMark;
  revision: number;
}

/** A take that is not settled after so long belongs to a process that died or lost the store. Real time. */
export const TAKE_LEASE_MS = 10_000;
export const SUSPECTS_MAX = 16;

/** The supply of a session as far as the fast copy needs it. */
export type CopySupply = Omit<SessionCopy, 'epoch' | 'slots' | 'hospitalId'> & { slots: Omit<SlotRecord, 'mark' | 'revision'>[] };

interface State {
  copy: SessionCopy;
  /** Slot → when it was taken, for takes whose event is not known yet. */
  pending: Map<number, number>;
}

/** Everything Redis knows, for one server. */
export class FastCopyModel {
  private readonly sessions = new Map<string, State>();
  private readonly markers = new Map<string, number>();

  /** All gone: FLUSHALL or another server. */
  forget() {
    this.sessions.clear();
    this.markers.clear();
  }

  load(copy: SessionCopy): 'loaded' | 'present' | 'outdated' {
    if (this.sessions.has(copy.sessionId)) return 'present';
    if (copy.revision < (this.markers.get(copy.sessionId) ?? -1)) return 'outdated';
    this.sessions.set(copy.sessionId, { copy: structuredClone(copy), pending: new Map() });
    return 'loaded';
  }

  take(sessionId: string, asks: Ask[], sale: boolean, nowMs: number, leaseNowMs: number): TakeReply {
    const state = this.sessions.get(sessionId);
    if (!state) return { tag: 'not-loaded' };
    const { copy, pending } = state;
    const suspects = [...pending].filter(([, at]) => at <= leaseNowMs - TAKE_LEASE_MS).sort((a, b) => a[1] - b[1] || text(a[0], b[0]))
      .slice(0, SUSPECTS_MAX).map(([slot]) => slot);
    if (sale && copy.suspended) return { tag: 'refused', reason: 'suspended', suspects };
    if (sale && nowMs < copy.opensAtMs) return { tag: 'refused', reason: 'not-open', opensAtMs: copy.opensAtMs, suspects };
    if (sale && nowMs >= copy.endsAtMs) return { tag: 'refused', reason: 'session-over', suspects };
    const replies = asks.map((ask) => takeOne(state, ask, sale, nowMs, leaseNowMs));
    return { tag: 'session', epoch: copy.epoch, hospitalId: copy.hospitalId, suspects, replies };
  }

  settle(sessionId: string, settlements: Settlement[]): 'settled' | 'not-loaded' {
    const state = this.sessions.get(sessionId);
    if (!state) return 'not-loaded';
    for (const { slot, mark, revision } of settlements) {
      const record = state.copy.slots.find((candidate) => candidate.number === slot);
      if (!record) continue;
      if (revision < record.revision || (revision === record.revision && !state.pending.has(slot))) continue;
      record.mark = mark;
      record.revision = revision;
      state.pending.delete(slot);
    }
    return 'settled';
  }

  sync(supply: CopySupply): 'synced' | 'older' | 'noted' {
    const state = this.sessions.get(supply.sessionId);
    if (!state) {
      this.markers.set(supply.sessionId, Math.max(supply.revision, this.markers.get(supply.sessionId) ?? -1));
      return 'noted';
    }
    const { copy } = state;
    if (supply.revision <= copy.revision) return 'older';
    copy.revision = supply.revision;
    copy.suspended = supply.suspended;
    copy.opensAtMs = supply.opensAtMs;
    copy.endsAtMs = supply.endsAtMs;
    for (const slot of supply.slots) {
      if (!copy.slots.some((known) => known.number === slot.number)) copy.slots.push({ ...slot, mark: 'free', revision: -1 });
    }
    copy.slots.sort((a, b) => a.number - b.number);
    return 'synced';
  }

  read(sessionId: string): SessionCopy | null {
    return this.sessions.get(sessionId)?.copy ?? null;
  }
}

function takeOne({ copy, pending }: State, ask: Ask, sale: boolean, nowMs: number, leaseNowMs: number): AskReply {
  const sellable = (record: SlotRecord) => record.mark === 'free' && (!sale || nowMs < record.bookableUntilMs);
  const record = copy.slots.find((candidate) => (ask.slot === 0 ? sellable(candidate) : candidate.number === ask.slot));
  if (!record) return { tag: 'refused', reason: ask.slot === 0 ? 'sold-out' : 'slot-unknown' };
  if (!sellable(record)) return { tag: 'refused', reason: 'slot-taken', mark: record.mark };
  record.mark = ask.as;
  pending.set(record.number, leaseNowMs);
  const { number: slot, revision, startsAtMs, endsAtMs } = record;
  return { tag: 'taken', slot, revision, startsAtMs, endsAtMs };
}

/** Redis orders members of equal score as text. */
const text = (a: number, b: number) => (String(a) < String(b) ? -1 : 1);
