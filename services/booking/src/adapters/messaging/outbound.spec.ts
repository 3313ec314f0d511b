import { publicEvents } from '@talon/contracts';
import samples from '../../domain/stored-events.json';
import { bookingOutbound } from './outbound';

const PATIENT = '22222222-2222-4222-8222-222222222222';
const recorded = samples.map(({ type, data }, position) => ({
  id: `e${position}`, type, data, stream: 'booking-1', revision: position, position, metadata: { at: '2026-03-01T08:00:00.000Z' },
}));

describe('what the world learns about bookings', () => {
  it.each(recorded)('$type names a defined public event, the one announced for it, and no patient', (event) => {
    const mapped = bookingOutbound.map(event);
    const announced = bookingOutbound.storedNames[event.type];
    if (!mapped) return expect(announced).toBeUndefined();
    expect(announced).toEqual([mapped.type]);
    const schema = publicEvents.get(mapped.type)!.schema as { properties: object; required: string[] };
    expect(Object.keys(mapped.data).filter((field) => !(field in schema.properties))).toEqual([]);
    expect(schema.required.filter((field) => !(field in mapped.data))).toEqual([]);
    expect(JSON.stringify(mapped)).not.toContain(PATIENT);
    return undefined;
  });

  it('keeps fences to itself', () => {
    expect(recorded.filter((event) => bookingOutbound.map(event) === null).map(({ type }) => type)).toEqual(['BookingAbandoned.v1', 'RescheduleAbandoned.v1']);
  });
});
