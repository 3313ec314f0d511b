import { Clock, SystemClock, commonError, newId } from '@talon/kernel';
import type { RedisGate } from '@talon/redis';
import { ActiveBookings, type ClaimOutcome, PatientClaims } from '../../application/ports';
import { type Claim, claimShard, parseClaimField } from '../../domain/claims';
import { beginLoad, checkClaim, claimDay, dropClaims, finishLoad } from './claim-scripts';

/** A claim is tried so often when its shard keeps being forgotten. */
const LOADS_PER_CLAIM_MAX = 5;
/** Bookings of visits longer ago are not loaded: they are in the past in every time zone. */
const LOAD_PAST_DAYS = 2;
const DAY_MS = 86_400_000;

/**
 * PatientClaims over Lua. Shards load when they are asked for and nothing is known; all shards that are missed meanwhile load together:
 * one wait for the read model, one query.
 */
export class RedisPatientClaims extends PatientClaims {
  /** shard → its load under way. */
  private readonly loading = new Map<number, Promise<void>>();
  private missed: { shards: number[]; loaded: Promise<void> } | undefined;
  private running: Promise<void> = Promise.resolve();
  private readonly wall = new SystemClock();

  constructor(
    private readonly redis: RedisGate,
    private readonly active: ActiveBookings,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async claim(patientId: string, claim: Claim, limit: number, nowMs: number): Promise<ClaimOutcome> {
    for (let attempt = 1; attempt <= LOADS_PER_CLAIM_MAX; attempt++) {
      const reply = await this.redis.run(claimDay, { patientId, claim, limit, nowMs });
      if (reply.tag === 'limit') {
        return { tag: 'limit', counted: reply.counted.map(([field, takenAtMs]) => ({ claim: parseClaimField(field), takenAtMs })) };
      }
      if (reply.tag !== 'not-loaded') return reply;
      await this.load(claimShard(patientId));
    }
    throw commonError('unavailable', 'What is known about bookings per day keeps being forgotten');
  }

  override holds(patientId: string, claim: Claim): Promise<boolean> {
    return this.redis.run(checkClaim, { patientId, claim });
  }

  override async drop(patientId: string, claims: Claim[]): Promise<void> {
    await this.redis.run(dropClaims, { patientId, claims });
  }

  /** While one load runs, whatever is missed meanwhile gathers for the next: after Redis forgot everything, a few loads bring it all back. */
  private load(shard: number): Promise<void> {
    const underWay = this.loading.get(shard);
    if (underWay) return underWay;
    if (!this.missed) {
      const shards: number[] = [];
      const before = this.running;
      const loaded = new Promise<void>((resolve) => setImmediate(resolve))
        .then(() => before)
        .then(() => {
          this.missed = undefined;
          return this.loadAll(shards);
        });
      this.running = loaded.catch(() => undefined);
      this.missed = { shards, loaded };
    }
    const { shards, loaded } = this.missed;
    shards.push(shard);
    const done = loaded.finally(() => this.loading.delete(shard));
    this.loading.set(shard, done);
    return done;
  }

  private async loadAll(shards: number[]): Promise<void> {
    const token = newId();
    const nowMs = this.wall.nowMs();
    await Promise.all(shards.map((shard) => this.redis.run(beginLoad, { shard, token, nowMs })));
    const fromDate = new Date(this.clock.nowMs() - LOAD_PAST_DAYS * DAY_MS).toISOString().slice(0, 10);
    const { epoch, claims } = await this.active.claims(shards, fromDate);
    const byShard = new Map(shards.map((shard) => [shard, new Map<string, Claim[]>()]));
    for (const { patientId, claim } of claims) {
      const patients = byShard.get(claimShard(patientId));
      const known = patients?.get(patientId);
      if (known) known.push(claim);
      else patients?.set(patientId, [claim]);
    }
    // Lost or done by others: the claim that asked for it tries again and sees.
    await Promise.all([...byShard].map(([shard, patients]) => this.redis.run(finishLoad, { shard, token, epoch, patients })));
  }
}
