import { Injectable } from '@nestjs/common';
import { Clock, newId } from '@talon/kernel';
import { owns } from '../domain/decider';
import { BookingStreams } from './booking-streams';

/**
 * Real time that a suspect gets before it is fenced: the caller measures the age of a slot by the Clock, which leaps in a rehearsal, while
 * the booking may be half a millisecond from being recorded.
 */
export const ORPHAN_GRACE_MS = 2_000;

export interface SlotClaim {
  bookingId: string;
  sessionId: string;
  slot: number;
}

/**
 * Tells inventory which slots no live booking owns. Before it says so it makes sure that it stays so: a booking without a stream is
 * abandoned, and a live one gets an event that lets every change of slot fail that read the stream before.
 */
@Injectable()
export class OrphanSlots {
  constructor(
    private readonly streams: BookingStreams,
    private readonly clock: Clock,
  ) {}

  /** @throws {DomainError} `talon/conflict`, `talon/unavailable`; ask again later */
  async among(claims: SlotClaim[]): Promise<SlotClaim[]> {
    const early = await this.suspects(claims);
    if (early.length === 0) return [];
    await new Promise((resolve) => setTimeout(resolve, ORPHAN_GRACE_MS));
    const suspects = await this.suspects(early);
    const fenced = await Promise.all(suspects.map((claim) => this.fence(claim)));
    return suspects.filter((_, index) => fenced[index]);
  }

  private async suspects(claims: SlotClaim[]): Promise<SlotClaim[]> {
    const loaded = await this.streams.loadAll([...new Set(claims.map(({ bookingId }) => bookingId))]);
    return claims.filter(({ bookingId, sessionId, slot }) => !owns(loaded.get(bookingId)!.booking, sessionId, slot));
  }

  /** @returns false when the booking took the slot in the last moment */
  private async fence({ bookingId, sessionId, slot }: SlotClaim): Promise<boolean> {
    const metadata = { at: this.clock.now(), by: 'system:orphan-slots', commandId: newId() };
    const { booking } = await this.streams.decide(bookingId, { type: 'AbandonBooking', data: { bookingId } }, metadata);
    return !owns(booking, sessionId, slot);
  }
}
