import { instantMsOf, isZone } from './local-time';

/** The columns of a schedule file, in the order of the template (docs/schedule-template.csv). */
export const SCHEDULE_COLUMNS = [
  'hospital', 'zone', 'department', 'specialty', 'doctor', 'date', 'start', 'end', 'slot_minutes', 'tickets', 'price_minor', 'currency', 'opens_at',
] as const;
export type ScheduleColumn = (typeof SCHEDULE_COLUMNS)[number];
export const REQUIRED_COLUMNS: ScheduleColumn[] = ['hospital', 'zone', 'department', 'doctor', 'date', 'start', 'end'];
export type ScheduleRecord = Partial<Record<ScheduleColumn, string>>;

export interface ScheduleRow {
  /** Line of the file, the header being line 1. */
  row: number;
  hospital: string;
  zone: string;
  department: string;
  specialty?: string;
  doctor: string;
  /** YYYY-MM-DD, local to `zone`. */
  date: string;
  /** HH:mm, local to `zone`; `end` may be 24:00. */
  start: string;
  end: string;
  /** ISO-8601 UTC. */
  startsAt: string;
  endsAt: string;
  slotMinutes?: number;
  tickets?: number;
  price?: { amountMinor: number; currency: string };
  opensAt?: string;
}

export interface RowReject {
  row: number;
  column: ScheduleColumn;
  reason: string;
}

export const SLOTS_MAX = 2_000;
const NAME_MAX = 200;
const MINUTES_A_DAY = 1_440;
const DAY_MS = 86_400_000;
const YEAR_MIN = 1900;
const YEAR_MAX = 2200;
/** Control characters and those that reorder text on a screen, which the platform refuses in names. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

export interface CheckOptions {
  /** Line of the file that the record with this index comes from. Default: no line is skipped. */
  lineOf?: (index: number) => number;
  /** Whether three capital letters are a currency of ISO 4217. Default: all are. */
  isCurrency?: (code: string) => boolean;
}

/** Checks every row before anything is imported. @returns rows that are right, and what is wrong with the others, column by column */
export function checkSchedule(records: ScheduleRecord[], options: CheckOptions = {}): { rows: ScheduleRow[]; rejects: RowReject[] } {
  const { lineOf = (index) => index + 2, isCurrency = () => true } = options;
  const rows: ScheduleRow[] = [];
  const rejects: RowReject[] = [];
  records.forEach((record, index) => {
    const row = lineOf(index);
    const faults = faultsOf(record, isCurrency);
    if (faults.length) rejects.push(...faults.map(([column, reason]) => ({ row, column, reason })));
    else rows.push(toRow(record, row));
  });
  return { rows, rejects: [...rejects, ...overlaps(rows)].sort((a, b) => a.row - b.row) };
}

type Fault = [ScheduleColumn, string];

function faultsOf(record: ScheduleRecord, isCurrency: (code: string) => boolean): Fault[] {
  const faults: Fault[] = REQUIRED_COLUMNS.filter((column) => !text(record, column)).map((column) => [column, 'is empty']);
  for (const column of ['hospital', 'department', 'specialty', 'doctor'] as const) {
    const name = text(record, column) ?? '';
    if (name.length > NAME_MAX) faults.push([column, `is longer than ${NAME_MAX} characters`]);
    if (UNSAFE.test(name) || !name.isWellFormed()) faults.push([column, 'contains a control character']);
  }
  const { zone, date, opens_at: opensAt } = record;
  if (text(record, 'zone') && !isZone(zone!.trim())) faults.push(['zone', `${zone} is no IANA time zone such as Europe/Moscow`]);
  if (text(record, 'date') && !isDate(date!.trim())) faults.push(['date', `${date} is no calendar day such as 2026-05-08`]);
  if (text(record, 'opens_at') && !isInstant(opensAt!.trim())) faults.push(['opens_at', `${opensAt} is no instant such as 2026-05-01T07:00:00+03:00`]);
  faults.push(...timeFaults(record), ...sizeFaults(record), ...priceFaults(record, isCurrency));
  return faults.length ? faults : calendarFaults(record);
}

/** What only the zone's calendar can tell, of a row that is right otherwise. */
function calendarFaults(record: ScheduleRecord): Fault[] {
  const [zone, date, start, end] = (['zone', 'date', 'start', 'end'] as const).map((column) => text(record, column)!);
  const from = edgeMs(zone!, date!, start!);
  const to = edgeMs(zone!, date!, end!);
  const skipped = `is skipped by the clock of ${zone} on ${date}`;
  if (from === undefined) return [['start', `${start} ${skipped}`]];
  if (to === undefined) return [['end', `${end} ${skipped}`]];
  if (to - from > DAY_MS) return [['end', `makes the session longer than 24 hours: the clock of ${zone} goes back on ${date}`]];
  if (to <= from) return [['end', `is not after the start: the clock of ${zone} changes on ${date}`]];
  if (to - from < Number(text(record, 'slot_minutes') ?? 0) * 60_000) return [['slot_minutes', 'do not fit: the clock changes during the session']];
  const opensAt = text(record, 'opens_at');
  return opensAt && Date.parse(opensAt) > from ? [['opens_at', `${opensAt} is after the session's start`]] : [];
}

/** Midnight itself may be skipped; the day begins then with the moment of the change, which nobody needs to write down. */
function edgeMs(zone: string, date: string, time: string): number | undefined {
  const instant = instantMsOf(zone, date, time.padStart(5, '0'));
  if (instant !== undefined || (time !== '24:00' && time.padStart(5, '0') !== '00:00')) return instant;
  for (let minutes = 1; minutes < MINUTES_A_DAY; minutes++) {
    const [day, minute] = time === '24:00' ? [nextDay(date), minutes] : [date, minutes];
    const later = instantMsOf(zone, day, `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`);
    if (later !== undefined) return later;
  }
  return undefined;
}

const nextDay = (date: string) => new Date(Date.parse(`${date}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);

function timeFaults(record: ScheduleRecord): Fault[] {
  const faults: Fault[] = [];
  const start = minutesOf(text(record, 'start'));
  const end = minutesOf(text(record, 'end'));
  if (text(record, 'start') && (start === undefined || start === MINUTES_A_DAY)) faults.push(['start', `${record.start} is no time of day such as 09:00`]);
  if (text(record, 'end') && end === undefined) faults.push(['end', `${record.end} is no time of day such as 12:00 (24:00 is midnight)`]);
  if (start !== undefined && end !== undefined && end <= start) faults.push(['end', `${record.end} is not after start ${record.start}`]);
  return faults;
}

function sizeFaults(record: ScheduleRecord): Fault[] {
  const slotMinutes = text(record, 'slot_minutes');
  const tickets = text(record, 'tickets');
  if (!slotMinutes === !tickets) return [['slot_minutes', 'give either slot_minutes or tickets']];
  if (tickets) return wholeNumber(tickets, 1, SLOTS_MAX) ? [] : [['tickets', `${tickets} is no whole number from 1 to ${SLOTS_MAX}`]];
  if (!wholeNumber(slotMinutes!, 1, 480)) return [['slot_minutes', `${slotMinutes} is no whole number from 1 to 480`]];
  const lengthMinutes = (minutesOf(text(record, 'end')) ?? 0) - (minutesOf(text(record, 'start')) ?? 0);
  return lengthMinutes > 0 && lengthMinutes < Number(slotMinutes) ? [['slot_minutes', `${slotMinutes} minutes do not fit between start and end`]] : [];
}

function priceFaults(record: ScheduleRecord, isCurrency: (code: string) => boolean): Fault[] {
  const price = text(record, 'price_minor');
  const currency = text(record, 'currency');
  if (!price && !currency) return [];
  if (!price) return [['price_minor', 'is empty although a currency is given']];
  if (!wholeNumber(price, 0, 1_000_000_000)) return [['price_minor', `${price} is no whole number of the smallest unit (1250 for 12.50)`]];
  return currency && /^[A-Z]{3}$/.test(currency) && isCurrency(currency) ? [] : [['currency', `${currency ?? ''} is no ISO 4217 code such as EUR`]];
}

/** The same doctor cannot sit in two sessions at once, whatever zones the rows are written in. The later row is the one to blame. */
function overlaps(rows: ScheduleRow[]): RowReject[] {
  const rejects: RowReject[] = [];
  const byDoctor = Map.groupBy(rows, doctorKey);
  for (const group of byDoctor.values()) {
    const accepted = new Map<string, ScheduleRow[]>();
    for (const row of group) {
      // A session is at most a day long, so only those that begin within a day of this one can be in its way.
      const days = [-DAY_MS, 0, DAY_MS].map((byMs) => new Date(Date.parse(row.startsAt) + byMs).toISOString().slice(0, 10));
      const clash = days.flatMap((day) => accepted.get(day) ?? []).find((other) => overlap(other, row));
      const taken = clash && `${row.doctor} is already in the session of row ${clash.row} (${clash.date} ${clash.start}-${clash.end})`;
      if (taken) rejects.push({ row: row.row, column: 'start', reason: taken });
      else accepted.set(days[1]!, [...(accepted.get(days[1]!) ?? []), row]);
    }
  }
  return rejects;
}

/** Which doctor a row is about: a name is unique within a department only. */
export const doctorKey = ({ hospital, department, doctor }: ScheduleRow): string => JSON.stringify([hospital, department, doctor]);

/** Whether two stretches of time share a moment; touching is not sharing. */
export const overlap = (a: Stretch, b: Stretch): boolean => a.startsAt < b.endsAt && b.startsAt < a.endsAt;
type Stretch = Pick<ScheduleRow, 'startsAt' | 'endsAt'>;

function toRow(record: ScheduleRecord, row: number): ScheduleRow {
  const number = (column: ScheduleColumn) => (text(record, column) ? Number(text(record, column)) : undefined);
  const amountMinor = number('price_minor');
  const opensAt = text(record, 'opens_at');
  const instant = (column: ScheduleColumn) => new Date(edgeMs(text(record, 'zone')!, text(record, 'date')!, text(record, column)!)!).toISOString();
  return {
    row,
    hospital: text(record, 'hospital')!,
    zone: text(record, 'zone')!,
    department: text(record, 'department')!,
    specialty: text(record, 'specialty'),
    doctor: text(record, 'doctor')!,
    date: text(record, 'date')!,
    start: text(record, 'start')!.padStart(5, '0'),
    end: text(record, 'end')!.padStart(5, '0'),
    startsAt: instant('start'),
    endsAt: instant('end'),
    slotMinutes: number('slot_minutes'),
    tickets: number('tickets'),
    price: amountMinor ? { amountMinor, currency: text(record, 'currency')! } : undefined,
    opensAt: opensAt ? new Date(opensAt).toISOString() : undefined,
  };
}

const text = (record: ScheduleRecord, column: ScheduleColumn): string | undefined => record[column]?.trim() || undefined;
const wholeNumber = (value: string, min: number, max: number) => /^\d{1,10}$/.test(value) && Number(value) >= min && Number(value) <= max;
const isYear = (value: string) => Number(value.slice(0, 4)) >= YEAR_MIN && Number(value.slice(0, 4)) <= YEAR_MAX;
const isDate = (value: string) => /^\d{4}-\d{2}-\d{2}$/.test(value) && isYear(value) && new Date(`${value}T00:00:00Z`).toJSON()?.slice(0, 10) === value;
const isInstant = (value: string) =>
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(value) && isDate(value.slice(0, 10)) && !Number.isNaN(Date.parse(value));

function minutesOf(value: string | undefined): number | undefined {
  const match = /^(\d{1,2}):(\d{2})$/.exec(value ?? '');
  if (!match) return undefined;
  const minutes = Number(match[1]) * 60 + Number(match[2]);
  return Number(match[2]) < 60 && minutes <= MINUTES_A_DAY ? minutes : undefined;
}
