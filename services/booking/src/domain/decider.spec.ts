import { specFor } from '@talon/testing';
import type { BookingCommand } from './commands';
import { bookingDecider } from './decider';
import type { BookingEvent, Place } from './events';

const { given } = specFor(bookingDecider);

const bookingId = '11111111-1111-8111-8111-111111111111';
const patientId = '22222222-2222-4222-8222-222222222222';
const place: Place = {
  sessionId: '33333333-3333-4333-8333-333333333333',
  hospitalId: '44444444-4444-4444-8444-444444444444',
  slot: 3,
  startsAt: '2026-03-02T09:00:00.000Z',
  endsAt: '2026-03-02T09:20:00.000Z',
  date: '2026-03-02',
  zone: 'Europe/Madrid',
  changeableUntil: '2026-03-02T09:00:00.000Z',
};
const other: Place = { ...place, sessionId: '55555555-5555-4555-8555-555555555555', slot: 1 };
const otherDay: Place = { ...other, date: '2026-03-03', startsAt: '2026-03-03T09:00:00.000Z', endsAt: '2026-03-03T09:20:00.000Z', changeableUntil: '2026-03-03T09:00:00.000Z' };
const price = { amountMinor: 1250, currency: 'EUR' };
const holdExpiresAt = '2026-03-01T08:05:00.000Z';
const identity = { bookingId, patientId, requestHash: 'h1' };
const ended = { bookingId, patientId, sessionId: place.sessionId, hospitalId: place.hospitalId, slot: 3, date: '2026-03-02', dayMoves: 0 };

const confirmed: BookingEvent = { type: 'BookingConfirmed', data: { ...identity, ...place } };
const requested: BookingEvent = { type: 'BookingRequested', data: { ...identity, ...place, price, holdExpiresAt } };
const cancelled: BookingEvent = { type: 'BookingCancelled', data: { ...ended, reason: 'ill', by: 'patient:p1' } };
const expired: BookingEvent = { type: 'BookingExpired', data: { ...ended, holdExpiresAt } };
const abandoned: BookingEvent = { type: 'BookingAbandoned', data: { bookingId } };
const moved = (to: Place, dayMoves: number): BookingEvent => ({
  type: 'BookingRescheduled',
  data: { bookingId, patientId, from: place, to, dayMoves, by: 'patient:p1' },
});

const record = (requestHash = 'h1', due = false): BookingCommand => ({
  type: 'RecordBooking',
  data: { bookingId, patientId, requestHash, place, price: due ? price : null, ...(due ? { holdExpiresAt } : {}) },
});
const cancelAt = (now: string, force?: boolean): BookingCommand => ({ type: 'CancelBooking', data: { bookingId, reason: 'ill', by: 'patient:p1', now, force } });
const moveAt = (now: string, to: Place, due: typeof price | null = null): BookingCommand => ({
  type: 'RescheduleBooking',
  data: { bookingId, to, price: due, by: 'patient:p1', now },
});
const expireAt = (now: string): BookingCommand => ({ type: 'ExpireBooking', data: { bookingId, now } });
const abandon: BookingCommand = { type: 'AbandonBooking', data: { bookingId } };
const BEFORE = '2026-03-01T08:00:00.000Z';

describe('recording a booking', () => {
  it('confirms at once when there is nothing to pay', () => given().when(record()).then(confirmed));
  it('keeps it pending until the hold ends when a fee is due', () => given().when(record('h1', true)).then(requested));
  it('does nothing for a repeat', () => given(confirmed).when(record()).then());
  it('does nothing for a repeat after it was cancelled', () => given(confirmed, cancelled).when(record()).then());
  it('refuses the same key with another body', () => given(confirmed).when(record('h2')).thenRefused('booking/key-reused'));
  it('gives up when somebody abandoned it meanwhile', () => given(abandoned).when(record('h2')).thenRefused('booking/abandoned'));
});

describe('cancelling a booking that can be changed until 2026-03-02 09:00', () => {
  it('is possible one millisecond before', () => given(confirmed).when(cancelAt('2026-03-02T08:59:59.999Z')).then(cancelled));
  it('is too late at that instant', () => given(confirmed).when(cancelAt('2026-03-02T09:00:00.000Z')).thenRefused('booking/too-late'));
  it('is possible for the platform at any time', () => given(confirmed).when(cancelAt('2026-03-02T09:00:00.000Z', true)).then(cancelled));
  it('is possible while the fee is due', () => given(requested).when(cancelAt(BEFORE)).then(cancelled));
  it('does nothing twice, even when it would be too late now', () => given(confirmed, cancelled).when(cancelAt('2026-03-09T00:00:00.000Z')).then());
  it('names the slot and day that it has after a move', () =>
    given(confirmed, moved(otherDay, 1)).when(cancelAt(BEFORE)).then({
      type: 'BookingCancelled',
      data: { ...ended, sessionId: other.sessionId, slot: 1, date: '2026-03-03', dayMoves: 1, reason: 'ill', by: 'patient:p1' },
    }));
  it('refuses an unknown booking', () => given().when(cancelAt(BEFORE)).thenRefused('booking/not-found'));
  it('refuses an abandoned one as unknown', () => given(abandoned).when(cancelAt(BEFORE)).thenRefused('booking/not-found'));
  it('refuses an expired one before the hour is looked at', () =>
    given(requested, expired).when(cancelAt('2026-03-09T00:00:00.000Z')).thenRefused('booking/ended'));
});

describe('rescheduling', () => {
  it('moves within the day without touching the claim', () => given(confirmed).when(moveAt(BEFORE, other)).then(moved(other, 0)));
  it('counts a change of day', () => given(confirmed).when(moveAt(BEFORE, otherDay)).then(moved(otherDay, 1)));
  it('does nothing when it has that slot already', () => given(confirmed).when(moveAt(BEFORE, place)).then());
  it('is possible until the old visit begins, not at that instant', () => {
    given(confirmed).when(moveAt('2026-03-02T08:59:59.999Z', other)).then(moved(other, 0));
    given(confirmed).when(moveAt('2026-03-02T09:00:00.000Z', other)).thenRefused('booking/too-late');
  });
  it('refuses another price', () => given(confirmed).when(moveAt(BEFORE, other, price)).thenRefused('booking/other-price'));
  it('keeps the hold when the price is the same', () => given(requested).when(moveAt(BEFORE, other, price)).then(moved(other, 0)));
  it('refuses once the hold has ended, whether an event says so or not', () => {
    given(requested).when(moveAt(holdExpiresAt, other, price)).thenRefused('booking/ended');
    given(requested, expired).when(moveAt(BEFORE, other, price)).thenRefused('booking/ended');
  });
  it('refuses an ended booking before the hour', () => given(confirmed, cancelled).when(moveAt('2026-03-09T00:00:00.000Z', other)).thenRefused('booking/ended'));
  it('refuses an unknown booking', () => given().when(moveAt(BEFORE, other)).thenRefused('booking/not-found'));
  it('refuses too late before the price', () => given(confirmed).when(moveAt('2026-03-02T09:00:00.000Z', other, price)).thenRefused('booking/too-late'));
});

describe('the end of an unpaid booking', () => {
  it('comes at the deadline, not before', () => {
    given(requested).when(expireAt('2026-03-01T08:04:59.999Z')).then();
    given(requested).when(expireAt(holdExpiresAt)).then(expired);
  });
  it('never comes for a confirmed one', () => given(confirmed).when(expireAt('2027-01-01T00:00:00.000Z')).then());
  it('comes once', () => given(requested, expired).when(expireAt('2027-01-01T00:00:00.000Z')).then());
});

describe('fencing', () => {
  it('abandons a booking that was never recorded', () => given().when(abandon).then(abandoned));
  it('does nothing twice', () => given(abandoned).when(abandon).then());
  it('stops slow changes of slot of a live booking', () => given(confirmed).when(abandon).then({ type: 'RescheduleAbandoned', data: { bookingId } }));
  it('has nothing to stop when the booking ended', () => given(confirmed, cancelled).when(abandon).then());
});

describe('a booking taken back by the platform', () => {
  it('is marked, so that the same key gets the same refusal', () => {
    const command: BookingCommand = { type: 'CancelBooking', data: { bookingId, reason: 'claim-lost', by: 'system:claims', now: BEFORE } };
    expect(given(confirmed).when(command).state()).toMatchObject({ status: 'cancelled', claimLost: true });
  });
  it('is not marked when a caller happens to use that word', () => {
    const command: BookingCommand = { type: 'CancelBooking', data: { bookingId, reason: 'claim-lost', by: 'patient:p1', now: BEFORE } };
    expect(given(confirmed).when(command).state()).not.toHaveProperty('claimLost');
  });
});
