import type { RecordedEvent } from '@talon/event-sourcing';
import type { Reaction } from '@talon/read-model';
import type { BookingStreams } from '../../application/booking-streams';
import type { FollowUp } from '../../application/follow-up';
import { afterBookingEvent } from '../../domain/booking-process';
import { BOOKING_CATEGORY, bookingCodec } from '../../domain/events';

const PROCESS = 'system:booking-follow-up';

/**
 * Gives back the slots and claims that bookings let go of, whatever crashed in between. Mostly it was done before the answer already, and
 * this repeats it under the same command id.
 */
export const followUpReaction = (streams: BookingStreams, followUp: FollowUp): Reaction => ({
  name: 'booking-follow-up',
  filter: { categories: [BOOKING_CATEGORY], types: bookingCodec.namesOf('BookingRescheduled', 'BookingCancelled', 'BookingExpired') },
  async handle(events: RecordedEvent[]) {
    const outcomes = await Promise.allSettled(
      events.map(async (recorded) => {
        const event = bookingCodec.decode(recorded);
        const { booking } = await streams.load(event.data.bookingId);
        const metadata = { ...recorded.metadata, causationId: recorded.id, by: PROCESS };
        await followUp.run(afterBookingEvent({ id: recorded.id, event }, booking), metadata);
      }),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  },
});
