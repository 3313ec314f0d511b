import { isInstant, isLocalDate, isLocalTime, isSafeText, isZone } from './formats';
import { assertHospital } from './access';

describe('a calendar day', () => {
  it.each(['1900-01-01', '2200-12-31', '2024-02-29', '2000-02-29', '2026-04-30'])('%s is one', (day) => expect(isLocalDate(day)).toBe(true));
  it.each(['1899-12-31', '2201-01-01', '2026-02-29', '1900-02-29', '2026-04-31', '2026-00-10', '2026-13-01', '2026-01-00', '2026-1-1', '26-01-01', '2026-01-01T00:00', ' 2026-01-01', '2026-01-01\n', ''])(
    '%j is none', (day) => expect(isLocalDate(day)).toBe(false));
});

describe('a time of day', () => {
  it.each(['00:00', '23:59', '09:30'])('%s is one', (time) => expect(isLocalTime(time)).toBe(true));
  it.each(['24:00', '23:60', '24:01', '9:30', '09:30:00', '-1:00', ''])('%j is none', (time) => expect(isLocalTime(time)).toBe(false));
  it('24:00 is one only where the end of a day is meant', () => {
    expect(isLocalTime('24:00', true)).toBe(true);
    expect(isLocalTime('24:01', true)).toBe(false);
  });
});

describe('an instant', () => {
  it.each(['2026-03-01T09:00:00Z', '2026-03-01T09:00:00.123Z', '2026-03-01T09:00:00+14:00', '2026-03-01T09:00:00-03:30', '1900-01-01T00:00:00Z'])('%s is one', (instant) => expect(isInstant(instant)).toBe(true));
  it.each(['2026-03-01', '2026-03-01T09:00Z', '2026-03-01T09:00:00', '2026-02-30T09:00:00Z', '2026-03-01T24:00:00Z', '2026-03-01T09:60:00Z', '2026-06-30T23:59:60Z', '2026-03-01T09:00:00+15:00', '2026-03-01 09:00:00Z', 'now', ''])(
    '%j is none', (instant) => expect(isInstant(instant)).toBe(false));
});

describe('a time zone', () => {
  it.each(['Europe/Madrid', 'UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+3'])('%s is one', (zone) => expect(isZone(zone)).toBe(true));
  it.each(['Mars/Olympus', '+03:00', 'Europe/', '', 'Europe/Madrid\u0000', 'x'.repeat(65), "UTC'; DROP"])('%j is none', (zone) => expect(isZone(zone)).toBe(false));
});

describe('safe text of at most 5 characters', () => {
  it.each(['a', 'abcde', 'Ünï', '🎫🎫', 'a b'])('%j is', (text) => expect(isSafeText(text, 5)).toBe(true));
  it.each(['', '   ', 'abcdef', '🎫🎫🎫', 'a\u0000', 'a\n', 'a\u007f', 'a\u0085', 'a\u2028', 'a\u202e', '\ud800'])('%j is not', (text) => expect(isSafeText(text, 5)).toBe(false));
});

describe('access to a hospital', () => {
  const actor = (role: 'registrar' | 'doctor' | 'hospital-admin' | 'authority-admin' | 'operator' | 'portal' | 'patient', hospitalIds: string[]) => ({ subject: 's', roles: [role], hospitalIds });
  it.each(['registrar', 'doctor', 'hospital-admin'] as const)('%s: in their own only', (role) => {
    expect(() => assertHospital(actor(role, ['h1', 'h2']), 'h2')).not.toThrow();
    expect(() => assertHospital(actor(role, ['h1']), 'h2')).toThrow(expect.objectContaining({ code: 'talon/forbidden' }));
  });
  it.each(['authority-admin', 'operator'] as const)('%s: in all', (role) => expect(() => assertHospital(actor(role, []), 'h2')).not.toThrow());
  it.each(['patient', 'portal'] as const)('%s: in none, whatever the token says', (role) => expect(() => assertHospital(actor(role, ['h2']), 'h2')).toThrow());
});
