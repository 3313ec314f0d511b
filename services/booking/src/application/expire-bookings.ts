import { Injectable } from '@nestjs/common';
import { Clock, deriveId, isDomainError } from '@talon/kernel';
import { afterBookingEvent } from '../domain/booking-process';
import { BookingStreams } from './booking-streams';
import { FollowUp } from './follow-up';
import { ActiveBookings } from './ports';

/** Bookings ended per sweep, at most. */
export const EXPIRE_BATCH_MAX = 500;
const EXPIRE_PROCESS = 'system:expire-bookings';

/**
 * Ends pending bookings whose hold is over; inventory frees their slots at the same instant by itself. Safe in several processes:
 * the event's id derives from the booking, so two sweeps record one end.
 */
@Injectable()
export class ExpireBookings {
  constructor(
    private readonly active: ActiveBookings,
    private readonly streams: BookingStreams,
    private readonly followUp: FollowUp,
    private readonly clock: Clock,
  ) {}

  /** @returns how many ended in this sweep */
  async sweep(): Promise<number> {
    const now = this.clock.now();
    const due = await this.active.pendingUntil(now, EXPIRE_BATCH_MAX);
    const ended = await Promise.all(due.map((bookingId) => this.expire(bookingId, now)));
    return ended.filter(Boolean).length;
  }

  private async expire(bookingId: string, now: string): Promise<boolean> {
    const metadata = { at: now, by: EXPIRE_PROCESS };
    try {
      const command = { type: 'ExpireBooking' as const, data: { bookingId, now } };
      const { added, booking } = await this.streams.decide(bookingId, command, { ...metadata, commandId: deriveId(bookingId, 'expire') });
      await this.followUp.tryNow(added.flatMap((happened) => afterBookingEvent(happened, booking)), metadata);
      return added.length > 0;
    } catch (error) {
      // Others are changing it, or the store is away: the next sweep finds it again.
      if (isDomainError(error)) return false;
      throw error;
    }
  }
}
