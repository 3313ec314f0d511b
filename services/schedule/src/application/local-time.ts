/**
 * Calendar arithmetic in IANA zones by Intl alone. Local days are `YYYY-MM-DD`, local times `HH:MM` (`24:00` = the next midnight).
 */
const DAY_MS = 86_400_000;
const FORMATS_MAX = 1_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  });
  if (formats.size < FORMATS_MAX) formats.set(zone, format);
  return format;
}

/** What the zone's clock shows, read as if it were UTC, milliseconds. */
function wallMs(zone: string, instantMs: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(instantMs)) parts[type] = Number(value);
  return Date.UTC(parts['year']!, parts['month']! - 1, parts['day'], parts['hour'], parts['minute'], parts['second']);
}

const offsetMs = (zone: string, instantMs: number) => wallMs(zone, instantMs) - Math.floor(instantMs / 1_000) * 1_000;

/** The local day at an instant. */
export const localDate = (zone: string, instantMs: number): string => new Date(wallMs(zone, instantMs)).toISOString().slice(0, 10);

export const addDays = (date: string, days: number): string => new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

/** ISO: 1 Monday … 7 Sunday. */
export const weekdayOf = (date: string): number => new Date(`${date}T00:00:00Z`).getUTCDay() || 7;

export interface LocalInstant {
  /** ISO-8601 UTC. A time that comes twice (the clock goes back) means the first; one that is skipped means the moment of the change. */
  instant: string;
  /** false: the clock skips this time on that day. */
  exists: boolean;
}

/** @param date and time well-formed: a real day, 00:00 to 24:00 */
export function instantOf(zone: string, date: string, time: string): LocalInstant {
  const wall = Date.parse(`${date}T00:00:00Z`) + (Number(time.slice(0, 2)) * 60 + Number(time.slice(3))) * 60_000;
  const before = offsetMs(zone, wall - DAY_MS);
  const after = offsetMs(zone, wall + DAY_MS);
  const matches = [wall - before, wall - after].filter((instant) => wallMs(zone, instant) === wall);
  if (matches.length > 0) return { instant: new Date(Math.min(...matches)).toISOString(), exists: true };
  return { instant: new Date(changeBetween(zone, wall - Math.max(before, after), wall - Math.min(before, after), wall)).toISOString(), exists: false };
}

/** The first instant whose local time lies beyond `wall`: where a gap ends. */
function changeBetween(zone: string, fromMs: number, toMs: number, wall: number): number {
  let low = fromMs - 1;
  let high = toMs;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (wallMs(zone, middle) > wall) high = middle;
    else low = middle;
  }
  return high;
}

/** When a local day begins: midnight, or the moment of the change where midnight is skipped. */
export const isDayEdge = (time: string): boolean => time === '00:00' || time === '24:00';
