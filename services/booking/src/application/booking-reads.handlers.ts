import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { wasMade } from '../domain/decider';
import { bookingError } from '../domain/errors';
import { answerOf } from './answers';
import { BookingAccess } from './booking-access';
import { BookingStreams } from './booking-streams';
import { BookingLists, type BookingView } from './ports';
import { ListBookings, ReadBooking } from './requests';

/** One booking as its stream says now. */
@QueryHandler(ReadBooking)
export class ReadBookingHandler implements IQueryHandler<ReadBooking> {
  constructor(
    private readonly streams: BookingStreams,
    private readonly access: BookingAccess,
  ) {}

  async execute({ actor, bookingId }: ReadBooking): Promise<BookingView> {
    const { booking } = await this.streams.load(bookingId);
    if (wasMade(booking) && (await this.access.sees(actor, booking, 'read'))) return answerOf(booking);
    throw bookingError('not-found', `Booking ${bookingId} does not exist`);
  }
}

/** Lists come from the read model, a moment behind the log. */
@QueryHandler(ListBookings)
export class ListBookingsHandler implements IQueryHandler<ListBookings> {
  constructor(
    private readonly lists: BookingLists,
    private readonly access: BookingAccess,
  ) {}

  async execute({ actor, filter }: ListBookings): Promise<{ items: BookingView[]; next: string | null }> {
    return this.lists.page({ ...filter, ...(await this.access.listFilter(actor, filter)) });
  }
}
