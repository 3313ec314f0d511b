/** Where a fact stands in the log. */
export interface Place {
  position: number;
  stream: string;
  revision: number;
  eventId: string;
  /** When it was decided, ISO-8601 UTC. */
  at: string;
}

/** What the log says about slots, in the audit's own words. */
export type SlotFact = Place & { sessionId: string; slot: number } & (
    | { kind: 'slot-taken'; bookingId: string; heldUntil?: string; epoch: number }
    | { kind: 'hold-confirmed' | 'slot-freed'; bookingId: string }
    | { kind: 'slot-withdrawn'; epoch: number }
  );

export type BookingFact = Place & { bookingId: string } & (
    | { kind: 'booked'; patientId: string; sessionId: string; slot: number; date: string; heldUntil?: string }
    | { kind: 'moved'; sessionId: string; slot: number; date: string }
    | { kind: 'ended' }
    | { kind: 'fenced' }
  );

/** Which numbers a session has; what its hospital allows per patient and day. */
export type SupplyFact = Place &
  ({ kind: 'supplied'; sessionId: string; hospitalId: string; numbers: number[] } | { kind: 'limited'; hospitalId: string; bookingsPerPatientDayMax: number });

/** Any other event: only its place matters. */
export type OtherFact = Place & { kind: 'other' };

export type Fact = SlotFact | BookingFact | SupplyFact | OtherFact;

export const INVARIANTS = {
  I1: 'no slot is sold twice, at any prefix of the log; no slot is sold that the session does not have',
  I2: 'every live booking has its slot, and had it before it was recorded',
  I3: 'one key, one effect: a booking begins once, an event id occurs once, a patient keeps to the limit of the day',
  I5: 'positions only grow, streams have no gaps, no consumer is ahead of the log',
  I6: 'read models equal the fold of the log',
  I9: 'nothing happens under an old epoch',
} as const;
export type Invariant = keyof typeof INVARIANTS;

export interface Breach {
  invariant: Invariant;
  position: number;
  stream: string;
  message: string;
}
