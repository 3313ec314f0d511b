import { addDays, instantOf, localDate, weekdayOf } from './local-time';

describe('local times', () => {
  it('follow the zone in summer and winter', () => {
    expect(instantOf('Europe/Madrid', '2026-03-28', '09:00')).toEqual({ instant: '2026-03-28T08:00:00.000Z', exists: true });
    expect(instantOf('Europe/Madrid', '2026-03-30', '09:00')).toEqual({ instant: '2026-03-30T07:00:00.000Z', exists: true });
    expect(instantOf('Asia/Kathmandu', '2026-03-30', '09:00')).toEqual({ instant: '2026-03-30T03:15:00.000Z', exists: true });
  });
  it('that the clock skips do not exist and stand for the moment of the change', () => {
    expect(instantOf('Europe/Madrid', '2026-03-29', '01:59')).toEqual({ instant: '2026-03-29T00:59:00.000Z', exists: true });
    expect(instantOf('Europe/Madrid', '2026-03-29', '02:00')).toEqual({ instant: '2026-03-29T01:00:00.000Z', exists: false });
    expect(instantOf('Europe/Madrid', '2026-03-29', '02:59')).toEqual({ instant: '2026-03-29T01:00:00.000Z', exists: false });
    expect(instantOf('Europe/Madrid', '2026-03-29', '03:00')).toEqual({ instant: '2026-03-29T01:00:00.000Z', exists: true });
  });
  it('that come twice mean the first time', () => {
    expect(instantOf('Europe/Madrid', '2026-10-25', '02:30').instant).toBe('2026-10-25T00:30:00.000Z');
    expect(instantOf('America/New_York', '2026-11-01', '01:00').instant).toBe('2026-11-01T05:00:00.000Z');
  });
  it('where midnight itself is skipped, the day begins with the change', () => {
    expect(instantOf('America/Sao_Paulo', '2016-10-16', '00:00')).toEqual({ instant: '2016-10-16T03:00:00.000Z', exists: false });
    expect(instantOf('America/Sao_Paulo', '2016-10-15', '24:00')).toEqual({ instant: '2016-10-16T03:00:00.000Z', exists: false });
  });
  it('24:00 is the next midnight, also at the end of a year', () => {
    expect(instantOf('UTC', '2026-12-31', '24:00')).toEqual({ instant: '2027-01-01T00:00:00.000Z', exists: true });
  });
  it('an island may skip a whole day', () => {
    expect(instantOf('Pacific/Apia', '2011-12-30', '12:00')).toEqual({ instant: '2011-12-30T10:00:00.000Z', exists: false });
  });
});

describe('local days', () => {
  it('change at local midnight', () => {
    expect(localDate('America/Sao_Paulo', Date.parse('2016-05-02T02:59:59.999Z'))).toBe('2016-05-01');
    expect(localDate('America/Sao_Paulo', Date.parse('2016-05-02T03:00:00.000Z'))).toBe('2016-05-02');
  });
  it('count over month ends and leap days', () => {
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29');
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  });
  it('know their weekday', () => {
    expect(weekdayOf('2026-11-22')).toBe(7);
    expect(weekdayOf('2026-11-23')).toBe(1);
  });
});
