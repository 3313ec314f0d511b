import { luaCommand, unknownReply } from '@talon/redis';
import {
  SUSPECTS_MAX,
  TAKE_LEASE_MS,
  type Ask,
  type AskReply,
  type CopySupply,
  type SessionCopy,
  type Settlement,
  type SlotRecord,
  type TakeReply,
} from '../../domain/session-copy';
import { markCode, markOf, packCopy, toSeconds } from './copy-layout';

/** Unused copies leave Redis after so long; they are rebuilt from the log when somebody asks. Real time. */
const COPY_TTL_MS = 7 * 86_400_000;
/** Longer than any load can take. */
const MARKER_TTL_MS = 60_000;

const copyKey = (sessionId: string) => `s:{${sessionId}}`;
const pendingKey = (sessionId: string) => `p:{${sessionId}}`;
const markerKey = (sessionId: string) => `m:{${sessionId}}`;

export const loadSession = luaCommand<SessionCopy, 'loaded' | 'present' | 'outdated'>(__dirname, 'load-session.lua', {
  keys: ({ sessionId }) => [copyKey(sessionId), pendingKey(sessionId), markerKey(sessionId)],
  args: (copy) => [packCopy(copy), copy.revision, COPY_TTL_MS],
  reply: (tag) => (tag === 'loaded' || tag === 'present' || tag === 'outdated' ? tag : unknownReply(tag)),
});

export interface TakeRequest {
  sessionId: string;
  asks: Ask[];
  /** false: slots are withdrawn; the session's state and the clock do not matter. */
  sale: boolean;
  /** By the platform's clock. */
  nowMs: number;
  /** Real time, for leases. */
  leaseNowMs: number;
}

export const takeSlots = luaCommand<TakeRequest, TakeReply>(__dirname, 'take-slots.lua', {
  keys: ({ sessionId }) => [copyKey(sessionId), pendingKey(sessionId)],
  args({ asks, sale, nowMs, leaseNowMs }) {
    const args: (string | number)[] = [nowMs, leaseNowMs, TAKE_LEASE_MS, SUSPECTS_MAX, COPY_TTL_MS, sale ? 'sell' : 'withdraw'];
    for (const ask of asks) args.push(ask.slot, markCode(ask.as));
    return args;
  },
  reply(tag, rest) {
    if (tag === 'not-loaded') return { tag };
    const suspects = suspectsOf(rest[0]);
    if (tag === 'suspended' || tag === 'session-over') return { tag: 'refused', reason: tag, suspects };
    if (tag === 'not-open') return { tag: 'refused', reason: tag, opensAtMs: Number(rest[1]), suspects };
    if (tag !== 'session') return unknownReply(tag);
    return { tag, epoch: Number(rest[1]), hospitalId: String(rest[2]), suspects, replies: rest.slice(3).map(askReply) };
  },
});

function askReply(reply: unknown): AskReply {
  const [tag, ...rest] = reply as [string, ...number[]];
  if (tag === 'taken') {
    const [slot, revision, startsAt, endsAt] = rest as [number, number, number, number];
    return { tag, slot, revision, startsAtMs: startsAt * 1000, endsAtMs: endsAt * 1000 };
  }
  if (tag === 'slot-taken') return { tag: 'refused', reason: tag, mark: markOf(Number(rest[0])) };
  if (tag === 'sold-out' || tag === 'slot-unknown') return { tag: 'refused', reason: tag };
  return unknownReply(tag);
}

export const settleSlots = luaCommand<{ sessionId: string; settlements: Settlement[] }, 'settled' | 'not-loaded'>(__dirname, 'settle-slots.lua', {
  keys: ({ sessionId }) => [copyKey(sessionId), pendingKey(sessionId)],
  args: ({ settlements }) => settlements.flatMap(({ slot, mark, revision }) => [slot, markCode(mark), revision]),
  reply: (tag) => (tag === 'settled' || tag === 'not-loaded' ? tag : unknownReply(tag)),
});

export const syncSession = luaCommand<CopySupply, 'synced' | 'older' | 'noted'>(__dirname, 'sync-session.lua', {
  keys: ({ sessionId }) => [copyKey(sessionId), markerKey(sessionId)],
  args: ({ revision, suspended, opensAtMs, endsAtMs, slots }) => [
    revision,
    suspended ? 1 : 0,
    opensAtMs,
    endsAtMs,
    MARKER_TTL_MS,
    ...slots.flatMap((slot) => [slot.number, toSeconds(slot.bookableUntilMs), toSeconds(slot.startsAtMs), toSeconds(slot.endsAtMs)]),
  ],
  reply: (tag) => (tag === 'synced' || tag === 'older' || tag === 'noted' ? tag : unknownReply(tag)),
});

export type ReadReply = { copy: SessionCopy; suspects: number[] } | null;

export const readSession = luaCommand<{ sessionId: string; leaseNowMs: number }, ReadReply>(__dirname, 'read-session.lua', {
  keys: ({ sessionId }) => [copyKey(sessionId), pendingKey(sessionId)],
  args: ({ leaseNowMs }) => [leaseNowMs, TAKE_LEASE_MS, SUSPECTS_MAX],
  reply(tag, rest, { sessionId }) {
    if (tag === 'not-loaded') return null;
    if (tag !== 'session') return unknownReply(tag);
    const [suspects, epoch, revision, suspended, opensAtMs, endsAtMs, hospitalId, ...fields] = rest;
    const copy = {
      sessionId,
      hospitalId: String(hospitalId),
      epoch: Number(epoch),
      revision: Number(revision),
      suspended: suspended === 1,
      opensAtMs: Number(opensAtMs),
      endsAtMs: Number(endsAtMs),
      slots: recordsOf(fields.map(Number)),
    };
    return { copy, suspects: suspectsOf(suspects) };
  },
});

const FIELDS_PER_RECORD = 5;

function recordsOf(fields: number[]): SlotRecord[] {
  const records: SlotRecord[] = [];
  for (let at = 0; at < fields.length; at += FIELDS_PER_RECORD) {
    const [code, revision, bookableUntil, startsAt, endsAt] = fields.slice(at, at + FIELDS_PER_RECORD) as [number, number, number, number, number];
    const mark = markOf(code);
    if (!mark) continue;
    const number = at / FIELDS_PER_RECORD + 1;
    records.push({ number, mark, revision, bookableUntilMs: bookableUntil * 1000, startsAtMs: startsAt * 1000, endsAtMs: endsAt * 1000 });
  }
  return records;
}

const suspectsOf = (list: unknown): number[] => (list === '' ? [] : String(list).split(',').map(Number));
