import { checkSchedule, type ScheduleRecord } from './schedule-file';

const record = (changes: ScheduleRecord = {}): ScheduleRecord => ({
  hospital: 'City Hospital 1', zone: 'Europe/Moscow', department: 'Cardiology', specialty: '', doctor: 'Dr Ivanova', date: '2026-12-01', start: '09:00', end: '12:00', slot_minutes: '20',
  tickets: '', price_minor: '', currency: '', opens_at: '', ...changes,
});
const isCurrency = (code: string) => code !== 'ZZZ';
const rejectsOf = (...records: ScheduleRecord[]) => checkSchedule(records, { isCurrency }).rejects.map(({ row, column }) => `${row} ${column}`);

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
    ['an offset instead of a zone', { zone: '+03:00' }, '2 zone'],
    ['a year nobody plans', { date: '2201-01-01' }, '2 date'],
    ['a control character in a name', { doctor: 'Dr\u0000Ivanova' }, '2 doctor'],
    ['a currency that ISO 4217 does not know', { price_minor: '1250', currency: 'ZZZ' }, '2 currency'],
    ['an opening after the start', { opens_at: '2026-12-01T09:00:01+03:00' }, '2 opens_at'],
    ['a start that the clock skips', { zone: 'Europe/Madrid', date: '2026-03-29', start: '02:30', end: '05:00' }, '2 start'],
    ['an end that the clock skips', { zone: 'Europe/Madrid', date: '2026-03-29', start: '01:00', end: '02:30' }, '2 end'],
    ['slots that do not fit because an hour is missing', { zone: 'Europe/Madrid', date: '2026-03-29', start: '01:30', end: '03:20', slot_minutes: '60' }, '2 slot_minutes'],
    ['a day of 25 hours', { zone: 'Europe/Madrid', date: '2026-10-25', start: '00:00', end: '24:00' }, '2 end'],
  ])('rejects %s', (_what, changes, expected) => expect(rejectsOf(record(changes))).toContain(expected));

  it('takes as many tickets as a session can have', () => expect(rejectsOf(record({ slot_minutes: '', tickets: '2000' }))).toEqual([]));
  it('takes slots as long as the session', () => expect(rejectsOf(record({ slot_minutes: '180' }))).toEqual([]));
  it('rejects a doctor in two sessions at once, blaming the later row', () => expect(rejectsOf(record(), record({ start: '11:59', end: '13:00' }))).toEqual(['3 start']));
  it('takes sessions that only touch', () => expect(rejectsOf(record(), record({ start: '12:00', end: '13:00' }))).toEqual([]));
  it('sees an overlap across zones and across midnight', () => {
    expect(rejectsOf(record(), record({ zone: 'Europe/London', start: '08:59', end: '10:00' }))).toEqual(['3 start']);
    expect(rejectsOf(record({ start: '20:00', end: '24:00' }), record({ zone: 'Asia/Tokyo', date: '2026-12-02', start: '05:00', end: '06:30' }))).toEqual(['3 start']);
    expect(rejectsOf(record(), record({ zone: 'Europe/London' }))).toEqual([]);
  });
  it('takes an opening at the very start', () => expect(rejectsOf(record({ opens_at: '2026-12-01T09:00:00+03:00' }))).toEqual([]));
  it('writes times as instants, the first one where the clock shows a time twice', () => {
    const madrid = { zone: 'Europe/Madrid', date: '2026-10-25', start: '2:30', end: '04:00' };
    expect(checkSchedule([record(madrid)]).rows[0]).toMatchObject({ start: '02:30', startsAt: '2026-10-25T00:30:00.000Z', endsAt: '2026-10-25T03:00:00.000Z' });
  });
  it('lets a day begin where midnight is skipped', () => {
    const cairo = { zone: 'Africa/Cairo', date: '2026-04-24', start: '00:00', end: '02:00' };
    expect(checkSchedule([record(cairo)]).rows[0]).toMatchObject({ startsAt: '2026-04-23T22:00:00.000Z', endsAt: '2026-04-23T23:00:00.000Z' });
  });
});
