import { Injectable } from '@nestjs/common';
import type { EventMetadata } from '@talon/event-sourcing';
import { SystemClock, commonError, deriveId, isDomainError, newId } from '@talon/kernel';
import { type ClaimVerdict, CLAIM_LEASE_MS, judgeClaim } from '../domain/booking-process';
import type { Claim } from '../domain/claims';
import { type Booking, CLAIMS_PROCESS, type MadeBooking, isActive } from '../domain/decider';
import { bookingError } from '../domain/errors';
import { BookingStreams } from './booking-streams';
import { type CountedClaim, PatientClaims } from './ports';

/** Rounds of clearing claims that mean nothing any more before the request is sent back. */
const CLAIM_ROUNDS_MAX = 3;

export interface ClaimRequest {
  patientId: string;
  claim: Claim;
  /** 1 to 100. */
  limit: number;
  metadata: EventMetadata;
  /** Which of the bookings in the way may be named in the refusal. */
  mayName: (booking: MadeBooking) => boolean;
}

export type Taken = { tag: 'claimed' } | { tag: 'exists'; leftBehind: boolean };

/**
 * Takes claims on appointment days. Before the limit refuses anybody, the bookings behind the counted claims are looked at: claims that
 * mean nothing any more are cleared, so that neither a crash nor a lost clean-up ever keeps a patient from booking.
 */
@Injectable()
export class DayClaims {
  /** Leases measure how long a process may be silent: real time, in a rehearsal too. */
  private readonly wall = new SystemClock();

  constructor(
    private readonly claims: PatientClaims,
    private readonly streams: BookingStreams,
  ) {}

  /** @throws {DomainError} `booking/day-limit`; `talon/unavailable` */
  async take(request: ClaimRequest): Promise<Taken> {
    const { patientId, claim, limit } = request;
    for (let round = 1; round <= CLAIM_ROUNDS_MAX; round++) {
      const nowMs = this.wall.nowMs();
      const outcome = await this.claims.claim(patientId, claim, limit, nowMs);
      if (outcome.tag === 'claimed') return outcome;
      if (outcome.tag === 'exists') return { tag: 'exists', leftBehind: nowMs - outcome.takenAtMs > CLAIM_LEASE_MS };
      await this.clear(request, outcome.counted, nowMs);
    }
    throw commonError('conflict', "The patient's bookings of that day are changing right now");
  }

  holds(patientId: string, claim: Claim): Promise<boolean> {
    return this.claims.holds(patientId, claim);
  }

  drop(patientId: string, claim: Claim): Promise<void> {
    return this.claims.drop(patientId, [claim]);
  }

  /** @throws {DomainError} `booking/day-limit` when every counted claim counts */
  private async clear({ patientId, claim, limit, metadata, mayName }: ClaimRequest, counted: CountedClaim[], nowMs: number) {
    const loaded = await this.streams.loadAll(counted.map((other) => other.claim.bookingId));
    const judged = counted.map((other) => {
      const { booking } = loaded.get(other.claim.bookingId)!;
      return { claim: other.claim, booking, verdict: judgeClaim(other.claim, nowMs - other.takenAtMs, booking) };
    });
    const gone = await Promise.all(judged.map(async ({ claim: other, verdict }) => ((await this.mayGo(other, verdict, metadata)) ? [other] : [])));
    const clearable = gone.flat();
    if (clearable.length > 0) return this.claims.drop(patientId, clearable);
    const named = judged.map(({ booking }) => booking).filter(isActive).filter(mayName);
    throw bookingError('day-limit', `At most ${limit} booking(s) per patient on ${claim.date}`, {
      data: { limit, date: claim.date, ...(named.length > 0 ? { bookingIds: named.map(({ bookingId }) => bookingId) } : {}) },
    });
  }

  private async mayGo(claim: Claim, verdict: ClaimVerdict, metadata: EventMetadata): Promise<boolean> {
    if (verdict !== 'left-behind') return verdict === 'stale';
    const booking = await this.fence(claim.bookingId, metadata);
    return booking !== null && judgeClaim(claim, Infinity, booking) !== 'counts';
  }

  /** Makes sure that nothing in flight is recorded for that booking any more. @returns what it is now; null when others are changing it */
  private async fence(bookingId: string, { at, correlationId }: EventMetadata): Promise<Booking | null> {
    const commandId = deriveId(newId(), 'fence');
    try {
      const metadata = { at, correlationId, by: CLAIMS_PROCESS, commandId };
      return (await this.streams.decide(bookingId, { type: 'AbandonBooking', data: { bookingId } }, metadata)).booking;
    } catch (error) {
      if (isDomainError(error, 'talon/conflict')) return null;
      throw error;
    }
  }
}
