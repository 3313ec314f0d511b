import { specFor } from '@talon/testing';
import type { HoldConfirmed, HoldExpired, SlotHeld, SlotReleased, SlotReserved } from './events';
import { slotDecider, type SlotCommand } from './slot';

const place = { sessionId: 's1', hospitalId: 'h1', slot: 3 };
const visit = { startsAt: '2026-03-02T09:00:00.000Z', endsAt: '2026-03-02T09:15:00.000Z', epoch: 7 };
const held: SlotHeld = { type: 'SlotHeld', data: { ...place, ...visit, bookingId: 'b1', holdUntil: '2026-03-02T08:05:00.000Z' } };
const reserved: SlotReserved = { type: 'SlotReserved', data: { ...place, ...visit, bookingId: 'b1' } };
const confirmed: HoldConfirmed = { type: 'HoldConfirmed', data: { ...place, bookingId: 'b1' } };
const released: SlotReleased = { type: 'SlotReleased', data: { ...place, bookingId: 'b1' } };
const expired: HoldExpired = { type: 'HoldExpired', data: { ...place, bookingId: 'b1', holdUntil: '2026-03-02T08:05:00.000Z' } };

const of = { sessionId: 's1', slot: 3 };
const confirmAt = (now: string, bookingId = 'b1'): SlotCommand => ({ type: 'ConfirmHold', data: { ...of, bookingId, now } });
const expireAt = (now: string): SlotCommand => ({ type: 'ExpireHold', data: { ...of, bookingId: 'b1', now } });
const release = (bookingId = 'b1'): SlotCommand => ({ type: 'ReleaseSlot', data: { ...of, bookingId } });
const { given } = specFor(slotDecider);

describe('confirming a hold that ends at 08:05', () => {
  it('works one millisecond before', () => given(held).when(confirmAt('2026-03-02T08:04:59.999Z')).then(confirmed));
  it('is too late at 08:05', () => given(held).when(confirmAt('2026-03-02T08:05:00.000Z')).thenRefused('inventory/hold-expired'));
  it('is too late when the hold was ended', () => given(held, expired).when(confirmAt('2026-03-02T08:05:01.000Z')).thenRefused('inventory/hold-expired'));
  it('a second time changes nothing, also after the end', () => given(held, confirmed).when(confirmAt('2026-03-02T08:06:00.000Z')).then());
  it('is refused to another booking', () => given(held).when(confirmAt('2026-03-02T08:00:00.000Z', 'b2')).thenRefused('inventory/hold-unknown'));
  it('is refused when it was released', () => given(held, released).when(confirmAt('2026-03-02T08:00:00.000Z')).thenRefused('inventory/hold-unknown'));
  it('is refused when there never was one', () => given().when(confirmAt('2026-03-02T08:00:00.000Z')).thenRefused('inventory/hold-unknown'));
});

describe('releasing', () => {
  it('gives back a hold', () => given(held).when(release()).then(released));
  it('gives back a reservation', () => given(reserved).when(release()).then(released));
  it('gives back a confirmed hold', () => given(held, confirmed).when(release()).then(released));
  it('twice changes nothing', () => given(held, released).when(release()).then());
  it('changes nothing for a booking that does not have the slot', () => given(held).when(release('b2')).then());
  it('changes nothing when the slot is another one’s by now', () =>
    given(held, released, { ...reserved, data: { ...reserved.data, bookingId: 'b2' } }).when(release()).then());
});

describe('the end of a hold at 08:05', () => {
  it('has not come one millisecond before', () => given(held).when(expireAt('2026-03-02T08:04:59.999Z')).then());
  it('comes at 08:05', () => given(held).when(expireAt('2026-03-02T08:05:00.000Z')).then(expired));
  it('does not concern a confirmed hold', () => given(held, confirmed).when(expireAt('2026-03-02T09:00:00.000Z')).then());
  it('does not concern a reservation', () => given(reserved).when(expireAt('2026-03-02T09:00:00.000Z')).then());
  it('comes once', () => given(held, expired).when(expireAt('2026-03-02T09:00:00.000Z')).then());
});
