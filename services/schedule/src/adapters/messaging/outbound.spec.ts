import { publicEvents } from '@talon/contracts';
import { deriveId } from '@talon/kernel';
import Ajv from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import samples from '../../domain/stored-events.json';
import { scheduleOutbound } from './outbound';

const ajv = new Ajv({ strict: true });
addFormats(ajv);

/** The samples' short ids as real ones. */
const withIds = (data: object) => JSON.parse(JSON.stringify(data), (key, value) => (key.endsWith('Id') && value ? deriveId(value) : value)) as object;
const mapped = samples.map(({ category, type, data }, revision) => ({
  type,
  event: scheduleOutbound.map({ id: deriveId(type), type, data: withIds(data), stream: `${category}-x`, revision, position: revision, metadata: { at: '2026-12-01T00:00:00.000Z' } }),
}));

describe('public events of the schedule', () => {
  it('fit their schemas', () => {
    for (const { event } of mapped) {
      if (!event) continue;
      const validate = ajv.compile(publicEvents.get(event.type)!.schema);
      expect([event.type, validate(event.data), validate.errors]).toEqual([event.type, true, null]);
      expect(event.hospitalId).toBe(deriveId('h1'));
    }
  });
  it('come from the stored names that the filter names', () => {
    const found = Object.fromEntries(mapped.filter(({ event }) => event).map(({ type, event }) => [type, [event!.type]]));
    expect(found).toEqual(scheduleOutbound.storedNames);
  });
  it('tell nothing of agendas, templates and holidays', () => {
    expect(mapped.filter(({ event }) => !event).map(({ type }) => type)).toEqual([
      'HolidayAdded.v1', 'HolidayRemoved.v1', 'DepartmentChanged.v1', 'DoctorChanged.v1', 'TimeReserved.v1',
      'TemplateCreated.v1', 'TemplateChanged.v1', 'TemplateEnded.v1', 'SessionSkipped.v1',
    ]);
  });
});
