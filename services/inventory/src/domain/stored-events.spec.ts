import { slotCodec, type SlotEvent } from './events';
import samples from './stored-events.json';

/** The current shape of every event, field by field. Changing one means a new version, an upcast, and a new sample; never an edited one. */
const SHAPES: { [T in SlotEvent['type']]: (keyof Extract<SlotEvent, { type: T }>['data'])[] } = {
  SlotHeld: ['sessionId', 'hospitalId', 'slot', 'bookingId', 'startsAt', 'endsAt', 'epoch', 'holdUntil'],
  SlotReserved: ['sessionId', 'hospitalId', 'slot', 'bookingId', 'startsAt', 'endsAt', 'epoch'],
  HoldConfirmed: ['sessionId', 'hospitalId', 'slot', 'bookingId'],
  SlotReleased: ['sessionId', 'hospitalId', 'slot', 'bookingId'],
  HoldExpired: ['sessionId', 'hospitalId', 'slot', 'bookingId', 'holdUntil'],
  SlotWithdrawn: ['sessionId', 'hospitalId', 'slot', 'epoch'],
};

describe('every shape ever stored', () => {
  it.each(samples)('$type is read in the current shape', (sample) => {
    const event = slotCodec.decode(sample);
    expect(Object.keys(event.data).toSorted()).toEqual(SHAPES[event.type].toSorted());
  });
  it('has a sample', () => expect(new Set(samples.map(({ type }) => type))).toEqual(new Set(slotCodec.storedNames)));
});
