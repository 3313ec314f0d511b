/**
 * Claims of one patient on appointment days: the rules in one screen, and the oracle for the Lua scripts beside
 * `redis-patient-claims.ts`. Pure.
 */

/** A booking's claim on a day. `dayMoves` tells the claim before a change of day from the one after it. */
export interface Claim {
  bookingId: string;
  /** YYYY-MM-DD. */
  date: string;
  dayMoves: number;
}

/** How a claim is written: `<bookingId>|<date>|<dayMoves>`; ids are 36 characters, so the day is characters 38 to 47. */
export const claimField = ({ bookingId, date, dayMoves }: Claim): string => `${bookingId}|${date}|${dayMoves}`;

export function parseClaimField(field: string): Claim {
  return { bookingId: field.slice(0, 36), date: field.slice(37, 47), dayMoves: Number(field.slice(48)) };
}

/** Patients are spread over so many shards: what Redis knows is loaded, and known to be loaded, by shard. */
export const CLAIM_SHARDS = 1024;

/** FNV-1a over the id: the same in every process and release, because the shard is a column of the read model too. */
export function claimShard(patientId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < patientId.length; i++) hash = Math.imul(hash ^ patientId.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % CLAIM_SHARDS;
}

/** One shard as Redis holds it. `epoch` null: nothing is known, whatever claims are there. */
export interface Shard {
  epoch: number | null;
  /** Loads that began and have not ended; forgotten with everything else. */
  loads: Set<string>;
  /** patientId → claim field → takenAtMs. */
  patients: Map<string, Map<string, number>>;
}

export const emptyShard = (): Shard => ({ epoch: null, loads: new Set(), patients: new Map() });

export type ClaimReply = { tag: 'not-loaded' } | { tag: 'exists'; takenAtMs: number } | { tag: 'limit'; counted: string[] } | { tag: 'claimed' };

/** Takes a claim unless `limit` others of that day are there; its own is answered first, so that a repeat never meets the limit. */
export function claimDay(shard: Shard, patientId: string, claim: Claim, limit: number, nowMs: number): ClaimReply {
  if (shard.epoch === null) return { tag: 'not-loaded' };
  const claims = shard.patients.get(patientId) ?? new Map<string, number>();
  const takenAtMs = claims.get(claimField(claim));
  if (takenAtMs !== undefined) return { tag: 'exists', takenAtMs };
  const counted = [...claims.keys()].filter((field) => parseClaimField(field).date === claim.date);
  if (counted.length >= limit) return { tag: 'limit', counted };
  shard.patients.set(patientId, claims.set(claimField(claim), nowMs));
  return { tag: 'claimed' };
}

export const holdsClaim = (shard: Shard, patientId: string, claim: Claim): boolean =>
  shard.patients.get(patientId)?.has(claimField(claim)) ?? false;

export function dropClaim(shard: Shard, patientId: string, claim: Claim): boolean {
  return shard.patients.get(patientId)?.delete(claimField(claim)) ?? false;
}

export function beginLoad(shard: Shard, token: string): void {
  shard.loads.add(token);
}

/** Writes what the log says, unless the shard is loaded already or was forgotten since this load began. Claims in flight stay. */
export function finishLoad(shard: Shard, token: string, epoch: number, claims: { patientId: string; claim: Claim }[]): 'loaded' | 'already' | 'lost' {
  if (shard.epoch !== null) return 'already';
  if (!shard.loads.has(token)) return 'lost';
  for (const { patientId, claim } of claims) {
    const known = shard.patients.get(patientId) ?? new Map<string, number>();
    if (!known.has(claimField(claim))) known.set(claimField(claim), 0);
    shard.patients.set(patientId, known);
  }
  shard.loads.delete(token);
  shard.epoch = epoch;
  return 'loaded';
}
