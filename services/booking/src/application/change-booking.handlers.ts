import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { SessionFacts } from '@talon/contracts';
import { type EventMetadata, WrongRevisionError } from '@talon/event-sourcing';
import { type Actor, Clock, commonError, deriveId, isDomainError, newId } from '@talon/kernel';
import { afterBookingEvent, releasesBeforeReturn } from '../domain/booking-process';
import type { Claim } from '../domain/claims';
import { CLAIMS_PROCESS, CLAIM_LOST, type MadeBooking, assertReschedulable, bookingDecider, isActive, owns, wasMade } from '../domain/decider';
import { bookingError } from '../domain/errors';
import type { BookingEvent, Place } from '../domain/events';
import { answerOf, placeOf } from './answers';
import { BookingAccess } from './booking-access';
import { BookingStreams, type Loaded } from './booking-streams';
import { DayClaims } from './day-claims';
import { FollowUp } from './follow-up';
import { type BookingView, SessionCatalog, SlotInventory } from './ports';
import { CancelBookingOf, RescheduleBookingOf } from './requests';

const REASON_DEFAULT = 'not given';

/** @throws {DomainError} `booking/not-found`, also when the actor may not change it */
async function loadForChange(streams: BookingStreams, access: BookingAccess, actor: Actor, bookingId: string): Promise<Loaded & { booking: MadeBooking }> {
  const { booking, ...rest } = await streams.load(bookingId);
  if (wasMade(booking) && (await access.sees(actor, booking, 'book'))) return { booking, ...rest };
  throw bookingError('not-found', `Booking ${bookingId} does not exist`);
}

/** Records the end, then gives claim and slot back; after a crash in between the feed gives them back. */
@CommandHandler(CancelBookingOf)
export class CancelBookingHandler implements ICommandHandler<CancelBookingOf> {
  constructor(
    private readonly streams: BookingStreams,
    private readonly access: BookingAccess,
    private readonly followUp: FollowUp,
    private readonly clock: Clock,
  ) {}

  async execute({ request }: CancelBookingOf): Promise<BookingView> {
    const { actor, bookingId, metadata, reason = REASON_DEFAULT, key } = request;
    await loadForChange(this.streams, this.access, actor, bookingId);
    const by = metadata.by ?? `user:${actor.subject}`;
    const commandId = key === undefined ? newId() : deriveId('cancel', actor.subject, key, bookingId);
    const data = { bookingId, reason, by, now: this.clock.now() };
    const { booking, added } = await this.streams.decide(bookingId, { type: 'CancelBooking', data }, { ...metadata, commandId });
    await this.followUp.tryNow(added.flatMap((happened) => afterBookingEvent(happened, booking)), metadata);
    if (!wasMade(booking)) throw bookingError('not-found', `Booking ${bookingId} does not exist`);
    return answerOf(booking);
  }
}

/** What one attempt to move a booking works with. */
interface Move {
  request: RescheduleBookingOf['request'];
  attemptId: string;
  loaded: Loaded & { booking: MadeBooking };
  facts: SessionFacts;
  /** Absent: the day stays the same. */
  claim?: Claim;
}

/**
 * The new slot first, then one event that moves the booking, then the old slot goes back: never both in the log, never neither.
 * A crash after the slot leaves an orphan (`booking.orphans` says so); after the event, the feed releases the old slot.
 */
@CommandHandler(RescheduleBookingOf)
export class RescheduleBookingHandler implements ICommandHandler<RescheduleBookingOf> {
  constructor(
    private readonly catalog: SessionCatalog,
    private readonly inventory: SlotInventory,
    private readonly streams: BookingStreams,
    private readonly days: DayClaims,
    private readonly access: BookingAccess,
    private readonly followUp: FollowUp,
    private readonly clock: Clock,
  ) {}

  async execute({ request }: RescheduleBookingOf): Promise<BookingView> {
    const { actor, bookingId, sessionId, slot, metadata } = request;
    const loaded = await loadForChange(this.streams, this.access, actor, bookingId);
    const { booking, history } = loaded;
    const facts = await this.catalog.session(sessionId);
    if (!facts) {
      const fields = [{ field: 'sessionId', message: 'no such session' }];
      throw bookingError('session-unknown', `Session ${sessionId} does not exist`, { fields });
    }
    if (facts.hospitalId !== booking.place.hospitalId) await this.access.toBook(actor, booking.patientId, facts.hospitalId);
    if (isActive(booking) && booking.place.sessionId === sessionId && (slot === undefined || slot === booking.place.slot)) return answerOf(booking);
    assertReschedulable(booking, { bookingId, price: facts.price, now: this.clock.now() });
    await this.followUp.run(releasesBeforeReturn(history, booking, sessionId), metadata);
    const moves = facts.date !== booking.place.date;
    const move: Move = { request, attemptId: newId(), loaded, facts };
    if (moves) move.claim = { bookingId, date: facts.date, dayMoves: booking.dayMoves + 1 };
    return this.move(move);
  }

  private async move(move: Move): Promise<BookingView> {
    const { request, attemptId, loaded, facts, claim } = move;
    const { bookingId, metadata, sessionId, slot } = request;
    const { booking, revision } = loaded;
    if (claim) await this.takeClaim(move, claim);
    let to: Place;
    try {
      const holdUntil = booking.status === 'pending' ? booking.holdExpiresAt : undefined;
      to = placeOf(facts, await this.inventory.reserve({ sessionId, slot, bookingId, holdUntil, attemptId, metadata }));
    } catch (error) {
      await this.giveBack(move);
      throw error;
    }
    let events: BookingEvent[];
    try {
      const data = { bookingId, to, price: facts.price, by: metadata.by ?? `user:${request.actor.subject}`, now: this.clock.now() };
      events = bookingDecider.decide({ type: 'RescheduleBooking', data }, booking);
      const added = await this.streams.append(bookingId, revision, events, { ...metadata, commandId: attemptId });
      const after = added.reduce((state, { event }) => bookingDecider.evolve(state, event), loaded.booking as ReturnType<typeof bookingDecider.evolve>);
      if (claim) await this.keepClaim(move, claim);
      await this.followUp.tryNow(added.flatMap((happened) => afterBookingEvent(happened, after)), metadata);
      return answerOf(wasMade(after) ? after : booking);
    } catch (error) {
      const lost = error instanceof WrongRevisionError;
      if (lost || isDomainError(error, 'booking/ended') || isDomainError(error, 'booking/too-late')) await this.giveBack(move, to);
      throw lost ? commonError('conflict', `Booking ${bookingId} was changed at the same time`) : error;
    }
  }

  private takeClaim({ loaded, facts, request }: Move, claim: Claim) {
    const { patientId } = loaded.booking;
    const mayName = (other: MadeBooking) => this.access.seesAtOnce(request.actor, other, 'read', patientId);
    return this.days.take({ patientId, claim, limit: facts.bookingsPerPatientDayMax, metadata: request.metadata, mayName });
  }

  /** Undoes what was taken for a move that did not happen, unless the booking counts on it by now. What cannot be undone ends by itself. */
  private async giveBack({ request, attemptId, loaded, claim }: Move, to?: Place) {
    const { bookingId, metadata } = request;
    const { booking } = await this.streams.load(bookingId).catch(() => loaded);
    if (to && !owns(booking, to.sessionId, to.slot)) {
      const { sessionId, slot } = to;
      await this.followUp.tryNow([{ type: 'ReleaseSlot', bookingId, sessionId, slot, commandId: deriveId(attemptId, 'undo') }], metadata);
    }
    const counts = claim && isActive(booking) && booking.dayMoves === claim.dayMoves && booking.place.date === claim.date;
    if (claim && !counts) await this.followUp.tryNow([{ type: 'DropClaim', patientId: loaded.booking.patientId, claim }], metadata);
  }

  /** As for a new booking: when the new day turns out to be used up, the booking ends rather than break the limit. */
  private async keepClaim(move: Move, claim: Claim) {
    const { request, loaded } = move;
    const { bookingId } = request;
    if (await this.days.holds(loaded.booking.patientId, claim)) return;
    try {
      await this.takeClaim(move, claim);
    } catch (error) {
      if (!isDomainError(error, 'booking/day-limit')) throw error;
      const data = { bookingId, reason: CLAIM_LOST, by: CLAIMS_PROCESS, now: this.clock.now(), force: true };
      const metadata: EventMetadata = { ...request.metadata, by: CLAIMS_PROCESS };
      const { added, history, booking } = await this.streams.decide(bookingId, { type: 'CancelBooking', data }, { ...metadata, commandId: newId() });
      const all = added.length > 0 ? history : [];
      await this.followUp.tryNow(all.flatMap((happened) => afterBookingEvent(happened, booking)), metadata);
      throw error;
    }
  }
}
