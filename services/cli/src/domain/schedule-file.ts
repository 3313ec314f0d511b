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

/** Checks every row before anything is imported. @returns rows that are right, and what is wrong with the others, column by column */
export function checkSchedule(records: ScheduleRecord[]): { rows: ScheduleRow[]; rejects: RowReject[] } {
  const rows: ScheduleRow[] = [];
  const rejects: RowReject[] = [];
  records.forEach((record, index) => {
    const row = index + 2;
    const faults = faultsOf(record);
    if (faults.length) rejects.push(...faults.map(([column, reason]) => ({ row, column, reason })));
    else rows.push(toRow(record, row));
  });
  return { rows, rejects: [...rejects, ...overlaps(rows)].sort((a, b) => a.row - b.row) };
}

type Fault = [ScheduleColumn, string];

function faultsOf(record: ScheduleRecord): Fault[] {
  const faults: Fault[] = REQUIRED_COLUMNS.filter((column) => !text(record, column)).map((column) => [column, 'is empty']);
  for (const column of ['hospital', 'department', 'specialty', 'doctor'] as const) {
    if ((text(record, column) ?? '').length > NAME_MAX) faults.push([column, `is longer than ${NAME_MAX} characters`]);
  }
  const { zone, date, opens_at: opensAt } = record;
  if (text(record, 'zone') && !isZone(zone!.trim())) faults.push(['zone', `${zone} is no IANA time zone such as Europe/Moscow`]);
  if (text(record, 'date') && !isDate(date!.trim())) faults.push(['date', `${date} is no calendar day such as 2026-05-08`]);
  if (text(record, 'opens_at') && !isInstant(opensAt!.trim())) faults.push(['opens_at', `${opensAt} is no instant such as 2026-05-01T07:00:00+03:00`]);
  return [...faults, ...timeFaults(record), ...sizeFaults(record), ...priceFaults(record)];
}

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

function priceFaults(record: ScheduleRecord): Fault[] {
  const price = text(record, 'price_minor');
  const currency = text(record, 'currency');
  if (!price && !currency) return [];
  if (!price) return [['price_minor', 'is empty although a currency is given']];
  if (!wholeNumber(price, 0, 1_000_000_000)) return [['price_minor', `${price} is no whole number of the smallest unit (1250 for 12.50)`]];
  return currency && /^[A-Z]{3}$/.test(currency) ? [] : [['currency', `${currency ?? ''} is no ISO 4217 code such as EUR`]];
}

/** The same doctor cannot sit in two sessions at once. The second row is the one to blame; a repeated row is not an overlap with itself. */
function overlaps(rows: ScheduleRow[]): RowReject[] {
  const rejects: RowReject[] = [];
  const byDoctorDay = new Map<string, ScheduleRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.hospital, row.department, row.doctor, row.date]);
    const others = byDoctorDay.get(key) ?? [];
    const clash = others.find((other) => minutesOf(other.start)! < minutesOf(row.end)! && minutesOf(row.start)! < minutesOf(other.end)!);
    if (clash) rejects.push({ row: row.row, column: 'start', reason: `${row.doctor} is already in the session of row ${clash.row} (${clash.start}-${clash.end})` });
    else byDoctorDay.set(key, [...others, row]);
  }
  return rejects;
}

function toRow(record: ScheduleRecord, row: number): ScheduleRow {
  const number = (column: ScheduleColumn) => (text(record, column) ? Number(text(record, column)) : undefined);
  const amountMinor = number('price_minor');
  const opensAt = text(record, 'opens_at');
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
    slotMinutes: number('slot_minutes'),
    tickets: number('tickets'),
    price: amountMinor ? { amountMinor, currency: text(record, 'currency')! } : undefined,
    opensAt: opensAt ? new Date(opensAt).toISOString() : undefined,
  };
}

const text = (record: ScheduleRecord, column: ScheduleColumn): string | undefined => record[column]?.trim() || undefined;
const wholeNumber = (value: string, min: number, max: number) => /^\d{1,10}$/.test(value) && Number(value) >= min && Number(value) <= max;
const isDate = (value: string) => /^\d{4}-\d{2}-\d{2}$/.test(value) && new Date(`${value}T00:00:00Z`).toJSON()?.slice(0, 10) === value;
const isInstant = (value: string) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(value) && !Number.isNaN(Date.parse(value));

function minutesOf(value: string | undefined): number | undefined {
  const match = /^(\d{1,2}):(\d{2})$/.exec(value ?? '');
  if (!match) return undefined;
  const minutes = Number(match[1]) * 60 + Number(match[2]);
  return Number(match[2]) < 60 && minutes <= MINUTES_A_DAY ? minutes : undefined;
}

function isZone(value: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }) !== undefined;
  } catch {
    return false;
  }
}
