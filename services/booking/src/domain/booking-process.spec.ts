import { type Happened, afterBookingEvent, judgeClaim, releaseCommandId, releasesBeforeReturn } from './booking-process';
import { type Booking, type MadeBooking } from './decider';
import type { Place } from './events';
import { CLAIM_SHARDS, claimField, claimShard, parseClaimField } from './claims';

const bookingId = '11111111-1111-8111-8111-111111111111';
const patientId = '22222222-2222-4222-8222-222222222222';
const at = (sessionId: string, slot: number, date: string): Place => ({
  sessionId, hospitalId: 'h1', slot, date, zone: 'UTC', startsAt: `${date}T09:00:00.000Z`, endsAt: `${date}T09:20:00.000Z`, changeableUntil: `${date}T09:00:00.000Z`,
});
const A = at('s1', 1, '2026-03-02');
const B = at('s2', 4, '2026-03-02');
const C = at('s3', 2, '2026-03-05');
const booking = (place: Place, dayMoves = 0, status: MadeBooking['status'] = 'confirmed'): MadeBooking => ({
  status, bookingId, patientId, requestHash: 'h', place, price: null, dayMoves,
});
const moved = (id: string, from: Place, to: Place, dayMoves: number): Happened => ({
  id, event: { type: 'BookingRescheduled', data: { bookingId, patientId, from, to, dayMoves, by: 'x' } },
});
const release = (id: string, { sessionId, slot }: Place) => ({ type: 'ReleaseSlot', bookingId, sessionId, slot, commandId: releaseCommandId(id) });

describe('after a booking ended', () => {
  const end = { bookingId, patientId, sessionId: 's1', hospitalId: 'h1', slot: 1, date: '2026-03-02', dayMoves: 2 };
  it.each([
    { type: 'BookingCancelled' as const, data: { ...end, reason: 'r', by: 'x' } },
    { type: 'BookingExpired' as const, data: { ...end, holdExpiresAt: '2026-03-01T00:00:00.000Z' } },
  ])('its slot and its claim go back ($type)', (event) => {
    expect(afterBookingEvent({ id: 'e1', event }, booking(A, 2, 'cancelled'))).toEqual([
      release('e1', A),
      { type: 'DropClaim', patientId, claim: { bookingId, date: '2026-03-02', dayMoves: 2 } },
    ]);
  });
});

describe('after a booking moved', () => {
  it('gives the old slot back and keeps the claim when the day is the same', () =>
    expect(afterBookingEvent(moved('e1', A, B, 0), booking(B))).toEqual([release('e1', A)]));
  it('gives the old day back too when it changed', () =>
    expect(afterBookingEvent(moved('e1', A, C, 1), booking(C, 1))).toEqual([
      release('e1', A),
      { type: 'DropClaim', patientId, claim: { bookingId, date: '2026-03-02', dayMoves: 0 } },
    ]));
  it('keeps a slot that the booking has again by now', () => expect(afterBookingEvent(moved('e1', A, B, 0), booking(A))).toEqual([]));
  it('gives it back even when the booking ended meanwhile elsewhere', () =>
    expect(afterBookingEvent(moved('e1', A, B, 0), booking(B, 0, 'cancelled'))).toEqual([release('e1', A)]));
});

describe('before a booking returns to a session it left', () => {
  const history = [moved('e1', A, B, 0), moved('e2', B, C, 1)];
  it('gives back what it had there, under the id the feed will use', () =>
    expect(releasesBeforeReturn(history, booking(C, 1), 's1')).toEqual([release('e1', A)]));
  it('has nothing to give back elsewhere', () => expect(releasesBeforeReturn(history, booking(C, 1), 's9')).toEqual([]));
});

describe('a claim in the way', () => {
  const claim = { bookingId, date: '2026-03-02', dayMoves: 0 };
  const none: Booking = { status: 'none' };
  it('counts while its booking is being made, up to the lease', () => {
    expect(judgeClaim(claim, 15_000, none)).toBe('counts');
    expect(judgeClaim(claim, 15_001, none)).toBe('left-behind');
  });
  it('counts for a live booking of that day, however old', () => expect(judgeClaim(claim, 1e12, booking(A))).toBe('counts'));
  it('is stale when the booking ended or was abandoned', () => {
    expect(judgeClaim(claim, 0, booking(A, 0, 'cancelled'))).toBe('stale');
    expect(judgeClaim(claim, 0, { status: 'abandoned' })).toBe('stale');
  });
  it('is stale when the booking left that day, and when it came back under another claim', () => {
    expect(judgeClaim(claim, 0, booking(C, 1))).toBe('stale');
    expect(judgeClaim(claim, 0, booking(A, 2))).toBe('stale');
  });
  it('counts for a move that is under way, up to the lease', () => {
    const next = { bookingId, date: '2026-03-05', dayMoves: 1 };
    expect(judgeClaim(next, 15_000, booking(A))).toBe('counts');
    expect(judgeClaim(next, 15_001, booking(A))).toBe('left-behind');
  });
});

describe('claim fields and shards', () => {
  it('read back as they were written', () => {
    const claim = { bookingId, date: '2026-03-02', dayMoves: 12 };
    expect(parseClaimField(claimField(claim))).toEqual(claim);
  });
  it('never change: the shard is stored in rows', () => {
    expect(claimShard('22222222-2222-4222-8222-222222222222')).toBe(claimShard(patientId));
    expect([claimShard(patientId), claimShard(bookingId)].every((shard) => shard >= 0 && shard < CLAIM_SHARDS)).toBe(true);
    expect([claimShard('a'), claimShard('b')]).toEqual([0xe40c292c % 1024, 0xe70c2de5 % 1024]);
  });
});
