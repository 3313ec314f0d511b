import { Audit } from './audit';
import type { Fact } from './audit-facts';

type Draft = Fact extends infer F ? (F extends Fact ? Omit<F, 'position' | 'revision' | 'eventId' | 'at'> & Partial<F> : never) : never;

/** Numbers positions, revisions and ids as a store would; a draft may override any of them. */
function log(...drafts: Draft[]): Fact[] {
  const revisions = new Map<string, number>();
  return drafts.map((draft, index) => {
    const revision = (revisions.get(draft.stream) ?? -1) + 1;
    revisions.set(draft.stream, revision);
    return { position: index + 1, revision, eventId: `e${index}`, at: `2026-05-0${Math.min(9, index + 1)}T00:00:00.000Z`, ...draft } as Fact;
  });
}
const audit = (...drafts: Draft[]) => {
  const run = new Audit();
  for (const fact of log(...drafts)) run.add(fact);
  return run.finish().map(({ invariant, position }) => `${invariant}@${position}`);
};

const supply: Draft = { kind: 'supplied', stream: 'session-s1', sessionId: 's1', hospitalId: 'h1', numbers: [1, 2] };
const limit = (bookingsPerPatientDayMax: number): Draft => ({ kind: 'limited', stream: 'hospital-h1', hospitalId: 'h1', bookingsPerPatientDayMax });
const taken = (bookingId: string, slot = 1, epoch = 1): Draft => ({ kind: 'slot-taken', stream: `slot-s1_${slot}`, sessionId: 's1', slot, bookingId, epoch });
const freed = (bookingId: string, slot = 1): Draft => ({ kind: 'slot-freed', stream: `slot-s1_${slot}`, sessionId: 's1', slot, bookingId });
const booked = (bookingId: string, slot = 1, patientId = 'p1'): Draft => ({ kind: 'booked', stream: `booking-${bookingId}`, bookingId, patientId, sessionId: 's1', slot, date: '2026-06-01' });
const ended = (bookingId: string): Draft => ({ kind: 'ended', stream: `booking-${bookingId}`, bookingId });

describe('the audit finds nothing wrong with', () => {
  it('a slot sold, cancelled, released and sold again', () => {
    expect(audit(supply, taken('b1'), booked('b1'), ended('b1'), freed('b1'), taken('b2', 1, 5), booked('b2'))).toEqual([]);
  });
  it('a booking that moved: new slot first, old one released after', () => {
    const moved: Draft = { kind: 'moved', stream: 'booking-b1', bookingId: 'b1', sessionId: 's1', slot: 2, date: '2026-06-01' };
    expect(audit(supply, taken('b1'), booked('b1'), taken('b1', 2), moved, freed('b1'))).toEqual([]);
  });
  it('two bookings on one day where the hospital allows two', () => expect(audit(limit(2), supply, taken('b1'), booked('b1'), taken('b2', 2), booked('b2', 2))).toEqual([]));
  it('a booking that moved, on its day, to a hospital that would not allow one more', () => {
    const strict: Draft[] = [
      { kind: 'supplied', stream: 'session-s2', sessionId: 's2', hospitalId: 'h2', numbers: [1] },
      { kind: 'limited', stream: 'hospital-h2', hospitalId: 'h2', bookingsPerPatientDayMax: 1 },
      { kind: 'slot-taken', stream: 'slot-s2_1', sessionId: 's2', slot: 1, bookingId: 'b1', epoch: 1 },
      { kind: 'moved', stream: 'booking-b1', bookingId: 'b1', sessionId: 's2', slot: 1, date: '2026-06-01' },
    ];
    expect(audit(limit(2), supply, taken('b1'), booked('b1'), taken('b2', 2), booked('b2', 2), ...strict)).toEqual([]);
  });
  it('a hold that expired and was taken by somebody else before its booking was closed', () => {
    const held: Draft = { ...booked('b1'), heldUntil: '2026-05-03T12:00:00.000Z' } as Draft;
    expect(audit(supply, taken('b1'), held, freed('b1'), taken('b2'), booked('b2'))).toEqual([]);
  });
});

describe('the audit finds', () => {
  it('I1 a slot sold twice in its own stream', () => expect(audit(supply, taken('b1'), taken('b2'))).toContain('I1@3'));
  it('I1 two live bookings in one slot', () => expect(audit(supply, taken('b1'), booked('b1'), freed('b1'), taken('b2'), booked('b2', 1, 'p2'))).toContain('I1@6'));
  it('I1 a slot the session does not have', () => expect(audit(supply, taken('b1', 3))).toContain('I1@2'));
  it('I1 a slot released twice', () => expect(audit(supply, taken('b1'), freed('b1'), freed('b1'))).toContain('I1@4'));
  it('I1 a withdrawn slot that was sold', () =>
    expect(audit(supply, { kind: 'slot-withdrawn', stream: 'slot-s1_1', sessionId: 's1', slot: 1, epoch: 1 }, taken('b1'))).toContain('I1@3'));
  it('I2 a booking whose slot was never taken', () => expect(audit(supply, booked('b1'))).toContain('I2@2'));
  it('I2 a live booking whose slot was given back', () => expect(audit(supply, taken('b1'), booked('b1'), freed('b1'))).toContain('I2@3'));
  it('I3 a booking that begins twice', () => expect(audit(supply, taken('b1'), booked('b1'), booked('b1'))).toContain('I3@4'));
  it('I3 an event id that occurs twice', () => expect(audit(supply, taken('b1'), { ...booked('b1'), eventId: 'e1' })).toContain('I3@3'));
  it('I3 one booking too many for a patient and day', () => expect(audit(supply, taken('b1'), booked('b1'), taken('b2', 2), booked('b2', 2))).toEqual(['I3@5']));
  it('I3 a booking in a hospital that allows fewer than the others do', () => {
    const elsewhere: Draft[] = [
      { kind: 'supplied', stream: 'session-s2', sessionId: 's2', hospitalId: 'h2', numbers: [1] },
      { kind: 'limited', stream: 'hospital-h2', hospitalId: 'h2', bookingsPerPatientDayMax: 1 },
      { kind: 'slot-taken', stream: 'slot-s2_1', sessionId: 's2', slot: 1, bookingId: 'b2', epoch: 1 },
      { kind: 'booked', stream: 'booking-b2', bookingId: 'b2', patientId: 'p1', sessionId: 's2', slot: 1, date: '2026-06-01' },
    ];
    expect(audit(limit(3), supply, taken('b1'), booked('b1'), ...elsewhere)).toEqual(['I3@8']);
    expect(audit(limit(3), supply, ...elsewhere, taken('b1'), booked('b1'))).toEqual([]);
  });
  it('I3 a booking that moved to a day that was full', () => {
    const otherDay: Draft = { ...booked('b2', 2), date: '2026-06-02' } as Draft;
    const moved: Draft = { kind: 'moved', stream: 'booking-b2', bookingId: 'b2', sessionId: 's1', slot: 3, date: '2026-06-01' };
    const more: Draft = { ...supply, numbers: [3] } as Draft;
    expect(audit(supply, more, taken('b2', 2), otherDay, taken('b1'), booked('b1'), taken('b2', 3), moved)).toEqual(['I3@8']);
  });
  it('I5 a position that goes back', () => expect(audit(supply, { ...taken('b1'), position: 1 })).toContain('I5@1'));
  it('I5 a gap in a stream', () => expect(audit(supply, { ...taken('b1'), revision: 1 })).toContain('I5@2'));
  it('I5 a consumer ahead of the log', () => {
    const run = new Audit();
    run.addCursor('booking-list', 8, 7);
    run.addCursor('relay', 7, 7);
    expect(run.finish()).toMatchObject([{ invariant: 'I5', stream: 'booking-list' }]);
  });
  it('I9 an old epoch after a newer one', () => expect(audit(limit(1), supply, taken('b1', 1, 2), booked('b1'), ended('b1'), freed('b1'), taken('b2', 1, 1), booked('b2'))).toEqual(['I9@7']));
  it('I9 an epoch that had not begun', () => expect(audit(supply, taken('b1', 1, 2), booked('b1'))).toEqual(['I9@2']));
});
