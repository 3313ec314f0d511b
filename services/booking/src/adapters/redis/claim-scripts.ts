import { luaCommand, unknownReply } from '@talon/redis';
import { type Claim, claimField, claimShard } from '../../domain/claims';

/** How long a shard counts as loaded. Claims outlive it, so that a missing claim of a loaded shard means none. */
export const LOADED_MS = 24 * 3_600_000;
const CLAIM_KEY_MS = 2 * LOADED_MS;
/** Longer than any load takes; a load that is slower is refused and tried again. */
const LOAD_MS_MAX = 60_000;

const tag = (shard: number) => `claims:{c${shard}}`;
const loadedKey = (shard: number) => `${tag(shard)}:loaded`;
const loadsKey = (shard: number) => `${tag(shard)}:loads`;
const patientKey = (patientId: string) => `${tag(claimShard(patientId))}:${patientId}`;

interface Of {
  patientId: string;
  claim: Claim;
}

export type ClaimDayReply = { tag: 'not-loaded' } | { tag: 'exists'; takenAtMs: number } | { tag: 'limit'; counted: [string, number][] } | { tag: 'claimed' };

export const claimDay = luaCommand<Of & { limit: number; nowMs: number }, ClaimDayReply>(__dirname, 'claim-day.lua', {
  keys: ({ patientId }) => [loadedKey(claimShard(patientId)), patientKey(patientId)],
  args: ({ claim, limit, nowMs }) => [claimField(claim), claim.date, limit, nowMs, CLAIM_KEY_MS],
  reply(replied, rest) {
    switch (replied) {
      case 'claimed':
      case 'not-loaded':
        return { tag: replied };
      case 'exists':
        return { tag: 'exists', takenAtMs: Number(rest[0]) };
      case 'limit':
        return { tag: 'limit', counted: rest.flatMap((field, i) => (i % 2 === 0 ? [[String(field), Number(rest[i + 1])] as [string, number]] : [])) };
      default:
        return unknownReply(replied);
    }
  },
});

export const checkClaim = luaCommand<Of, boolean>(__dirname, 'check-claim.lua', {
  keys: ({ patientId }) => [patientKey(patientId)],
  args: ({ claim }) => [claimField(claim)],
  reply: (replied) => (replied === 'held' || replied === 'gone' ? replied === 'held' : unknownReply(replied)),
});

export const dropClaims = luaCommand<{ patientId: string; claims: Claim[] }, number>(__dirname, 'drop-claims.lua', {
  keys: ({ patientId }) => [patientKey(patientId)],
  args: ({ claims }) => claims.map(claimField),
  reply: (replied, [count]) => (replied === 'dropped' ? Number(count) : unknownReply(replied)),
});

export const beginLoad = luaCommand<{ shard: number; token: string; nowMs: number }, void>(__dirname, 'begin-load.lua', {
  keys: ({ shard }) => [loadsKey(shard)],
  args: ({ token, nowMs }) => [token, nowMs, LOAD_MS_MAX],
  reply: (replied) => (replied === 'begun' ? undefined : unknownReply(replied)),
});

interface FinishLoad {
  shard: number;
  token: string;
  epoch: number;
  /** patientId → claims. */
  patients: Map<string, Claim[]>;
}

export const finishLoad = luaCommand<FinishLoad, 'loaded' | 'already' | 'lost'>(__dirname, 'finish-load.lua', {
  keys: ({ shard, patients }) => [loadedKey(shard), loadsKey(shard), ...[...patients.keys()].map(patientKey)],
  args: ({ token, epoch, patients }) => [
    token, epoch, LOADED_MS, CLAIM_KEY_MS,
    ...[...patients.values()].flatMap((claims) => [claims.length, ...claims.map(claimField)]),
  ],
  reply: (replied) => (replied === 'loaded' || replied === 'already' || replied === 'lost' ? replied : unknownReply(replied)),
});
