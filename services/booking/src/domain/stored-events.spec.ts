import { fold } from '@talon/event-sourcing';
import { bookingDecider } from './decider';
import { bookingCodec } from './events';
import samples from './stored-events.json';

describe('stored events of booking', () => {
  it.each(samples)('$type is read as $current', ({ type, data, current }) => {
    const event = bookingCodec.decode({ type, data });
    expect(event.type).toBe(current);
    expect(event.data).toEqual(data);
    expect(bookingCodec.encode(event)).toEqual({ type, data });
  });

  it('has a sample of every stored name', () => {
    expect(samples.map(({ type }) => type).sort()).toEqual([...bookingCodec.storedNames].sort());
  });

  it('carries the whole state from one stream', () => {
    const events = [0, 2].map((index) => bookingCodec.decode(samples[index]!));
    expect(fold(bookingDecider, events)).toMatchObject({ status: 'pending', dayMoves: 1, portalId: 'portal-1', place: { slot: 1, date: '2026-03-03' } });
  });
});
