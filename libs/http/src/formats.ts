const YEAR_MIN = 1900;
const YEAR_MAX = 2200;

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{2}):(\d{2})$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:Z|[+-](\d{2}):(\d{2}))$/;

/** A day that exists in the calendar, `YYYY-MM-DD`, 1900 to 2200. */
export function isLocalDate(value: string): boolean {
  const match = DATE.exec(value);
  if (!match) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12) return false;
  return day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** `HH:mm`, 00:00 to 23:59, and 24:00 where the end of the day is meant. */
export function isLocalTime(value: string, endOfDay = false): boolean {
  const match = TIME.exec(value);
  if (!match) return false;
  if (value === '24:00') return endOfDay;
  return Number(match[1]) <= 23 && Number(match[2]) <= 59;
}

/** ISO-8601 with seconds and `Z` or an offset of at most 14:59, on a real day. No leap seconds. */
export function isInstant(value: string): boolean {
  const match = INSTANT.exec(value);
  if (!match || !isLocalDate(match[1]!)) return false;
  const [hour, minute, second, offsetHour, offsetMinute] = match.slice(2).map((part) => Number(part ?? 0));
  return hour! <= 23 && minute! <= 59 && second! <= 59 && offsetHour! <= 14 && offsetMinute! <= 59;
}

const ZONE = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/;
const ZONES_REMEMBERED_MAX = 1_000;
const zones = new Map<string, boolean>();

/** Whether the runtime's Intl knows the zone. Answers are remembered (asking Intl costs ~50 µs). */
export function isZone(value: string): boolean {
  if (!ZONE.test(value)) return false;
  const known = zones.get(value);
  if (known !== undefined) return known;
  const supported = intlKnows(value);
  if (zones.size < ZONES_REMEMBERED_MAX) zones.set(value, supported);
  return supported;
}

function intlKnows(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}

// C0, DEL, C1, line and paragraph separators, and the characters that reorder text on a screen.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

export const isSafeText = (value: string, maxLength: number): boolean =>
  value.length <= maxLength && !UNSAFE.test(value) && value.isWellFormed() && value.trim().length > 0;
