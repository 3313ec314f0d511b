const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether it is the name of a zone (no bare offset) that this runtime knows. */
export function isZone(value: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(value)) return false;
  try {
    return formatOf(value) !== undefined;
  } catch {
    return false;
  }
}

/**
 * The instant of a local time, milliseconds: a time that comes twice means the first one, as on the platform.
 * @param date a real day, YYYY-MM-DD
 * @param time HH:mm, 24:00 = the next midnight
 * @returns undefined when the clock of that zone skips the time on that day
 */
export function instantMsOf(zone: string, date: string, time: string): number | undefined {
  const wall = Date.parse(`${date}T00:00:00Z`) + (Number(time.slice(0, 2)) * 60 + Number(time.slice(3))) * 60_000;
  const candidates = [wall - DAY_MS, wall + DAY_MS].map((near) => wall - (wallMs(zone, near) - near));
  const matches = candidates.filter((instant) => wallMs(zone, instant) === wall);
  return matches.length ? Math.min(...matches) : undefined;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  });
  formats.set(zone, format);
  return format;
}

/** What the zone's clock shows, read as if it were UTC, milliseconds. */
function wallMs(zone: string, instantMs: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(instantMs)) parts[type] = Number(value);
  return Date.UTC(parts['year']!, parts['month']! - 1, parts['day'], parts['hour'], parts['minute'], parts['second']);
}
