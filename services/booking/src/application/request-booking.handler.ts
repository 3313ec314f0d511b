import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { SessionFacts } from '@talon/contracts';
import { WrongRevisionError, fold } from '@talon/event-sourcing';
import { Clock, DomainError, commonError, contentHash, deriveId, newId } from '@talon/kernel';
import { afterBookingEvent } from '../domain/booking-process';
import type { Claim } from '../domain/claims';
import { CLAIMS_PROCESS, CLAIM_LOST, type MadeBooking, bookingDecider, isActive, owns, wasMade } from '../domain/decider';
import { bookingError } from '../domain/errors';
import type { Place } from '../domain/events';
import { answerOf, placeOf } from './answers';
import { BookingAccess } from './booking-access';
import { BookingStreams, type Loaded } from './booking-streams';
import { DayClaims, type Taken } from './day-claims';
import { FollowUp } from './follow-up';
import { type BookingView, PatientDirectory, SessionCatalog, SlotInventory } from './ports';
import { RequestBooking } from './requests';

/** What one attempt works with, and how far it got. */
interface Attempt {
  request: RequestBooking['request'];
  bookingId: string;
  /** Random: two attempts of one request are two writers, and the store must be able to tell them apart. */
  attemptId: string;
  requestHash: string;
  facts: SessionFacts;
  claim: Claim;
  /** `claimed`: this attempt took the claim and recorded nothing yet. `recording`: something may be in the log. */
  stage: 'begun' | 'claimed' | 'recording';
}

/**
 * Claim, slot, record, look at the claim again, answer. A crash after the claim leaves a claim whose lease ends; after the slot, an orphan
 * slot that inventory's sweeper finds; after the record, a booking that the repeat of the request finds and answers with.
 */
@CommandHandler(RequestBooking)
export class RequestBookingHandler implements ICommandHandler<RequestBooking> {
  private readonly inFlight = new Set<string>();

  constructor(
    private readonly catalog: SessionCatalog,
    private readonly patients: PatientDirectory,
    private readonly inventory: SlotInventory,
    private readonly streams: BookingStreams,
    private readonly days: DayClaims,
    private readonly access: BookingAccess,
    private readonly followUp: FollowUp,
    private readonly clock: Clock,
  ) {}

  /** @returns the answer of the first time, also when the booking changed since */
  async execute({ request }: RequestBooking): Promise<BookingView> {
    const bookingId = deriveId('booking', request.actor.subject, request.key);
    if (this.inFlight.has(bookingId)) throw inProgress();
    this.inFlight.add(bookingId);
    try {
      return await this.answer(bookingId, request);
    } finally {
      this.inFlight.delete(bookingId);
    }
  }

  private async answer(bookingId: string, request: RequestBooking['request']): Promise<BookingView> {
    const { actor, body } = request;
    const facts = await this.catalog.session(body.sessionId);
    if (!facts) {
      const fields = [{ field: 'sessionId', message: 'no such session' }];
      throw bookingError('session-unknown', `Session ${body.sessionId} does not exist`, { fields });
    }
    await this.access.toBook(actor, body.patientId, facts.hospitalId);
    const claim = { bookingId, date: facts.date, dayMoves: 0 };
    const attempt: Attempt = { request, bookingId, attemptId: newId(), requestHash: contentHash(body), facts, claim, stage: 'begun' };
    try {
      return (await this.knownAnswer(attempt)) ?? (await this.book(attempt));
    } catch (error) {
      if (!(error instanceof DomainError) || attempt.stage === 'recording') throw error;
      return this.refuse(attempt, error);
    }
  }

  /** Takes the claim. @returns the first answer when this request was answered before */
  private async knownAnswer(attempt: Attempt): Promise<BookingView | null> {
    const { patientId } = attempt.request.body;
    const [standing, taken] = await Promise.allSettled([this.patients.standing(patientId), this.takeClaim(attempt)]);
    if (standing.status === 'rejected') throw standing.reason;
    if (standing.value !== 'active') {
      const fields = [{ field: 'patientId', message: 'no such patient' }];
      throw bookingError('patient-unknown', `Patient ${patientId} does not exist`, { fields });
    }
    if (taken.status === 'rejected') throw taken.reason;
    if (taken.value.tag === 'claimed') return null;
    const first = await this.firstAnswer(attempt, await this.streams.load(attempt.bookingId));
    if (first) return first;
    if (!taken.value.leftBehind) throw inProgress();
    // An attempt of this same request crashed. Should it still be alive, the store lets only one of the two record.
    await this.days.drop(patientId, attempt.claim);
    if ((await this.takeClaim(attempt)).tag !== 'claimed') throw inProgress();
    return null;
  }

  private async takeClaim(attempt: Attempt): Promise<Taken> {
    const { request, claim, facts } = attempt;
    const { patientId } = request.body;
    const mayName = (booking: MadeBooking) => this.access.seesAtOnce(request.actor, booking, 'read', patientId);
    const taken = await this.days.take({ patientId, claim, limit: facts.bookingsPerPatientDayMax, metadata: request.metadata, mayName });
    if (taken.tag === 'claimed') attempt.stage = 'claimed';
    return taken;
  }

  private async book(attempt: Attempt): Promise<BookingView> {
    const { request, bookingId, attemptId, facts } = attempt;
    const { metadata, body } = request;
    const holdExpiresAt = facts.price ? new Date(this.clock.nowMs() + facts.holdTtlMs).toISOString() : undefined;
    const hold = holdExpiresAt === undefined ? {} : { holdUntil: holdExpiresAt };
    const taken = await this.inventory.reserve({ sessionId: body.sessionId, slot: body.slot, bookingId, ...hold, attemptId, metadata });
    const place = placeOf(facts, taken);
    const events = bookingDecider.decide({ type: 'RecordBooking', data: this.recordOf(attempt, place, holdExpiresAt) }, bookingDecider.initialState);
    attempt.stage = 'recording';
    try {
      await this.streams.append(bookingId, -1, events, { ...metadata, commandId: attemptId });
    } catch (error) {
      if (!(error instanceof WrongRevisionError)) throw error;
      return this.beaten(attempt, place);
    }
    const booking = fold(bookingDecider, events);
    if (!wasMade(booking)) throw new Error(`booking ${bookingId} was recorded as ${booking.status}`);
    await this.keepClaim(attempt, booking);
    return answerOf(booking);
  }

  private recordOf({ request, bookingId, requestHash, facts }: Attempt, place: Place, holdExpiresAt: string | undefined) {
    const { patientId } = request.body;
    const portalId = this.access.portalOf(request.actor);
    const data = { bookingId, patientId, ...(portalId === undefined ? {} : { portalId }), requestHash, place, price: facts.price };
    return holdExpiresAt === undefined ? data : { ...data, holdExpiresAt };
  }

  /** Another attempt of this key was first (or it was fenced): give back what this one took and answer what that one did. */
  private async beaten(attempt: Attempt, { sessionId, slot }: Place): Promise<BookingView> {
    const { bookingId, request, attemptId } = attempt;
    const loaded = await this.streams.load(bookingId);
    if (!owns(loaded.booking, sessionId, slot)) {
      const release = { type: 'ReleaseSlot' as const, bookingId, sessionId, slot, commandId: deriveId(attemptId, 'undo') };
      await this.followUp.tryNow([release], request.metadata);
    }
    await this.undoClaim(attempt, loaded);
    const first = await this.firstAnswer(attempt, loaded);
    if (!first) throw commonError('conflict', `Booking ${bookingId} is being changed by others`);
    return first;
  }

  /** A refusal of today does not undo the answer of yesterday: the same key may have been booked when there was room. */
  private async refuse(attempt: Attempt, refusal: DomainError): Promise<BookingView> {
    if (attempt.stage === 'begun' && refusal.definition.retryable) throw refusal;
    const loaded = await this.streams.load(attempt.bookingId);
    if (attempt.stage === 'claimed') await this.undoClaim(attempt, loaded);
    const first = await this.firstAnswer(attempt, loaded);
    if (first) return first;
    throw refusal;
  }

  private async undoClaim({ request, claim }: Attempt, { booking }: Loaded) {
    if (isActive(booking) && booking.patientId === request.body.patientId && booking.dayMoves === 0) return;
    // Should this fail: whatever stands in somebody's way is looked at again, see DayClaims.
    await this.days.drop(request.body.patientId, claim).catch(() => undefined);
  }

  /**
   * @returns null when this key has booked nothing yet
   * @throws {DomainError} `booking/key-reused`, `booking/abandoned`, or `booking/day-limit` when that was the answer
   */
  private async firstAnswer(attempt: Attempt, { booking, history }: Loaded): Promise<BookingView | null> {
    if (booking.status === 'none') return null;
    if (booking.status === 'abandoned') throw bookingError('abandoned', 'An earlier attempt of this request was given up');
    if (booking.requestHash !== attempt.requestHash) {
      throw bookingError('key-reused', 'This Idempotency-Key belongs to a request with another body');
    }
    if (booking.claimLost) throw dayLimit(attempt);
    // The first attempt may have crashed before it looked at its claim again.
    if (isActive(booking) && booking.dayMoves === 0 && this.clock.now() < booking.place.changeableUntil) await this.keepClaim(attempt, booking);
    const first = fold(bookingDecider, history.slice(0, 1).map(({ event }) => event));
    return wasMade(first) ? answerOf(first) : null;
  }

  /** Redis may have forgotten the claim since it was taken, and another booking may have the place by now: then this one is taken back. */
  private async keepClaim(attempt: Attempt, booking: MadeBooking): Promise<void> {
    const { request, claim, bookingId } = attempt;
    if (await this.days.holds(booking.patientId, claim)) return;
    try {
      await this.takeClaim(attempt);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'booking/day-limit') throw error;
      const data = { bookingId, reason: CLAIM_LOST, by: CLAIMS_PROCESS, now: this.clock.now(), force: true };
      const metadata = { ...request.metadata, by: CLAIMS_PROCESS };
      const { added, booking: now } = await this.streams.decide(bookingId, { type: 'CancelBooking', data }, { ...metadata, commandId: newId() });
      await this.followUp.tryNow(added.flatMap((happened) => afterBookingEvent(happened, now)), metadata);
      throw error;
    } finally {
      attempt.stage = 'recording';
    }
  }
}

const inProgress = () => bookingError('in-progress', 'A request with this Idempotency-Key has not been answered yet');

const dayLimit = ({ facts }: Attempt) =>
  bookingError('day-limit', `At most ${facts.bookingsPerPatientDayMax} booking(s) per patient on ${facts.date}`, {
    data: { limit: facts.bookingsPerPatientDayMax, date: facts.date },
  });
