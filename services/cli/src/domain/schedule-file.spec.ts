import { checkSchedule, type ScheduleRecord } from './schedule-file';

const record = (changes: ScheduleRecord = {}): ScheduleRecord => ({
  hospital: 'City Hospital 1', zone: 'Europe/Moscow', department: 'Cardiology', specialty: '', doctor: 'Dr Ivanova', date: '2026-12-01', start: '09:00', end: '12:00', slot_minutes: '20',
  tickets: '', price_minor: '', currency: '', opens_at: '', ...changes,
});
const rejectsOf = (...records: ScheduleRecord[]) => checkSchedule(records).rejects.map(({ row, column }) => `${row} ${column}`);

describe('checking a schedule file', () => {
  it('takes a row that is right', () => expect(checkSchedule([record()]).rows[0]).toMatchObject({ row: 2, slotMinutes: 20, price: undefined }));
  it.each<[string, ScheduleRecord, string]>([
    ['an empty hospital', { hospital: ' ' }, '2 hospital'],
    ['a zone nobody knows', { zone: 'Europe/Atlantis' }, '2 zone'],
    ['a day that does not exist', { date: '2026-02-29' }, '2 date'],
    ['a start at 24:00', { start: '24:00', end: '24:00' }, '2 start'],
    ['an end before the start', { end: '08:59' }, '2 end'],
    ['minutes past 59', { start: '09:60' }, '2 start'],
    ['slots and tickets together', { tickets: '3' }, '2 slot_minutes'],
    ['neither slots nor tickets', { slot_minutes: '' }, '2 slot_minutes'],
    ['more tickets than a session can have', { slot_minutes: '', tickets: '2001' }, '2 tickets'],
    ['slots longer than the session', { slot_minutes: '181' }, '2 slot_minutes'],
    ['a price with a decimal point', { price_minor: '12.50', currency: 'EUR' }, '2 price_minor'],
    ['a price without a currency', { price_minor: '1250' }, '2 currency'],
    ['an opening without a zone', { opens_at: '2026-11-01T07:00:00' }, '2 opens_at'],
  ])('rejects %s', (_what, changes, expected) => expect(rejectsOf(record(changes))).toContain(expected));

  it('takes as many tickets as a session can have', () => expect(rejectsOf(record({ slot_minutes: '', tickets: '2000' }))).toEqual([]));
  it('takes slots as long as the session', () => expect(rejectsOf(record({ slot_minutes: '180' }))).toEqual([]));
  it('rejects a doctor in two sessions at once, blaming the later row', () => expect(rejectsOf(record(), record({ start: '11:59', end: '13:00' }))).toEqual(['3 start']));
  it('takes sessions that only touch', () => expect(rejectsOf(record(), record({ start: '12:00', end: '13:00' }))).toEqual([]));
});
