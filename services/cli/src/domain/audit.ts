import type { BookingFact, Breach, Fact, Invariant, Place, SlotFact, SupplyFact } from './audit-facts';

interface SlotView {
  /** Who has it; undefined: free. */
  bookingId?: string;
  withdrawn: boolean;
  epoch: number;
  takenAt: Place | undefined;
}

interface BookingView {
  patientId: string;
  date: string;
  sessionId: string;
  slot: number;
  /** Unpaid: the booking counts as live only until then. */
  heldUntil?: string;
  live: boolean;
  /** The event that last named its slot. */
  at: Place;
  /** When it became one of this day's bookings, and whose limit it met then. */
  joined: { at: Place; sessionId: string };
}

/**
 * Folds the log once, event by event, and collects what breaks an invariant. Feed facts in position order; `finish` adds what can only be
 * seen at the end. Memory grows with slots and bookings, not with events.
 */
export class Audit {
  readonly breaches: Breach[] = [];
  events = 0;
  private lastPosition = -1;
  private readonly revisions = new Map<string, number>();
  private readonly eventIds = new Set<string>();
  private readonly slots = new Map<string, SlotView>();
  private readonly bookings = new Map<string, BookingView>();
  /** `session_slot` → the booking that is live there, by the bookings' own streams. */
  private readonly seats = new Map<string, string>();
  private readonly numbers = new Map<string, Set<number>>();
  /** By session. */
  private readonly hospitals = new Map<string, string>();
  /** By hospital, the highest it ever allowed. */
  private readonly limits = new Map<string, number>();
  private lastAt = '';

  add(fact: Fact): void {
    this.events++;
    this.checkPlace(fact);
    if (fact.at > this.lastAt) this.lastAt = fact.at;
    switch (fact.kind) {
      case 'other':
        return;
      case 'supplied':
      case 'limited':
        return this.addSupply(fact);
      case 'booked':
      case 'moved':
      case 'ended':
      case 'fenced':
        return this.addBooking(fact);
      default:
        return this.addSlot(fact);
    }
  }

  /** A consumer's cursor can never stand behind the end of the log. */
  addCursor(name: string, position: number, head: number): void {
    if (position > head) this.breach('I5', { position, stream: name }, `consumer ${name} is at ${position}, ahead of the log's end ${head}`);
  }

  /** @param nowAt the platform's present instant: an unpaid booking past its hold is not live any more */
  finish(nowAt: string = this.lastAt): Breach[] {
    this.checkOwnership(nowAt);
    this.checkDayLimit(nowAt);
    return this.breaches;
  }

  private checkPlace(fact: Fact) {
    if (fact.position <= this.lastPosition) this.breach('I5', fact, `position ${fact.position} comes after ${this.lastPosition}`);
    this.lastPosition = fact.position;
    const revision = (this.revisions.get(fact.stream) ?? -1) + 1;
    if (fact.revision !== revision) this.breach('I5', fact, `revision ${fact.revision} where ${revision} was due`);
    this.revisions.set(fact.stream, fact.revision);
    if (this.eventIds.has(fact.eventId)) this.breach('I3', fact, `event id ${fact.eventId} occurs twice`);
    this.eventIds.add(fact.eventId);
  }

  private addSupply(fact: SupplyFact) {
    if (fact.kind === 'limited') {
      this.limits.set(fact.hospitalId, Math.max(fact.bookingsPerPatientDayMax, this.limits.get(fact.hospitalId) ?? 0));
      return;
    }
    this.hospitals.set(fact.sessionId, fact.hospitalId);
    const numbers = this.numbers.get(fact.sessionId) ?? new Set<number>();
    for (const number of fact.numbers) numbers.add(number);
    this.numbers.set(fact.sessionId, numbers);
  }

  private addSlot(fact: SlotFact) {
    const key = `${fact.sessionId}_${fact.slot}`;
    const slot = this.slots.get(key) ?? { withdrawn: false, epoch: -1, takenAt: undefined };
    if (!this.numbers.get(fact.sessionId)?.has(fact.slot)) this.breach('I1', fact, `session ${fact.sessionId} has no slot ${fact.slot}`);
    if (fact.kind === 'slot-taken' || fact.kind === 'slot-withdrawn') {
      if (fact.epoch >= fact.position) this.breach('I9', fact, `epoch ${fact.epoch} is not over yet at position ${fact.position}`);
      if (fact.epoch < slot.epoch) this.breach('I9', fact, `epoch ${fact.epoch} after epoch ${slot.epoch}`);
      if (slot.withdrawn) this.breach('I1', fact, 'taken although it was withdrawn');
      if (slot.bookingId !== undefined) this.breach('I1', fact, `taken although booking ${slot.bookingId} has it`);
      slot.epoch = fact.epoch;
      slot.takenAt = fact;
      slot.withdrawn ||= fact.kind === 'slot-withdrawn';
      slot.bookingId = fact.kind === 'slot-taken' ? fact.bookingId : undefined;
    } else {
      if (slot.bookingId !== fact.bookingId) this.breach('I1', fact, `${fact.kind} by booking ${fact.bookingId}, which does not have it`);
      if (fact.kind === 'slot-freed') slot.bookingId = undefined;
    }
    this.slots.set(key, slot);
  }

  private addBooking(fact: BookingFact) {
    const booking = this.bookings.get(fact.bookingId);
    if (fact.kind === 'fenced') return;
    if (fact.kind === 'booked') {
      if (booking) return this.breach('I3', fact, `booking ${fact.bookingId} begins twice`);
      const { patientId, sessionId, slot, date, heldUntil } = fact;
      this.bookings.set(fact.bookingId, { patientId, sessionId, slot, date, heldUntil, live: true, at: fact, joined: { at: fact, sessionId } });
      return this.seat(fact, fact.bookingId, fact);
    }
    if (!booking) return this.breach('I3', fact, `booking ${fact.bookingId} ${fact.kind} before it began`);
    this.unseat(fact.bookingId, booking);
    if (fact.kind === 'ended') booking.live = false;
    else {
      if (fact.date !== booking.date) booking.joined = { at: fact, sessionId: fact.sessionId };
      Object.assign(booking, { sessionId: fact.sessionId, slot: fact.slot, date: fact.date, at: fact });
      this.seat(fact, fact.bookingId, fact);
    }
  }

  /** The slot must be the booking's in the slot's own stream first, and nobody else may be live in it. */
  private seat(at: Place, bookingId: string, { sessionId, slot }: { sessionId: string; slot: number }) {
    const key = `${sessionId}_${slot}`;
    const other = this.seats.get(key);
    const otherView = other === undefined ? undefined : this.bookings.get(other);
    if (otherView && isLive(otherView, at.at)) this.breach('I1', at, `slot ${key} is booked by ${bookingId} while booking ${other} has it`);
    if (this.slots.get(key)?.bookingId !== bookingId) this.breach('I2', at, `booking ${bookingId} says slot ${key}, which its stream did not give to it before`);
    this.seats.set(key, bookingId);
  }

  private unseat(bookingId: string, { sessionId, slot }: BookingView) {
    const key = `${sessionId}_${slot}`;
    if (this.seats.get(key) === bookingId) this.seats.delete(key);
  }

  private checkOwnership(nowAt: string) {
    for (const [bookingId, booking] of this.bookings) {
      if (!isLive(booking, nowAt)) continue;
      const owner = this.slots.get(`${booking.sessionId}_${booking.slot}`)?.bookingId;
      if (owner !== bookingId) this.breach('I2', booking.at, `live booking ${bookingId} lost slot ${booking.slot} of session ${booking.sessionId} (now: ${owner ?? 'free'})`);
    }
  }

  /**
   * The bookings of a patient and day that are live now were live when the last of them was made: so the first met a limit of at least 1, the
   * second one of at least 2, and so on, each that of its own hospital.
   */
  private checkDayLimit(nowAt: string) {
    const live = [...this.bookings.values()].filter((booking) => isLive(booking, nowAt));
    const byDay = Map.groupBy(live, ({ patientId, date }) => `${patientId}|${date}`);
    for (const bookings of byDay.values()) {
      if (bookings.length === 1) continue;
      bookings.sort((a, b) => a.joined.at.position - b.joined.at.position);
      for (const [index, { patientId, date, joined }] of bookings.entries()) {
        const most = this.limits.get(this.hospitals.get(joined.sessionId) ?? '') ?? 1;
        if (index >= most) this.breach('I3', joined.at, `booking ${index + 1} of patient ${patientId} on ${date}, where the hospital allows ${most}`);
      }
    }
  }

  private breach(invariant: Invariant, at: Pick<Place, 'position' | 'stream'>, message: string) {
    this.breaches.push({ invariant, position: at.position, stream: at.stream, message });
  }
}

const isLive = (booking: BookingView, at: string) => booking.live && (booking.heldUntil === undefined || at < booking.heldUntil);
