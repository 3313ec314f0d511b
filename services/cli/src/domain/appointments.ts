/** The columns of an appointments file that a replay needs; others are carried along unread. */
export const APPOINTMENT_COLUMNS = ['PatientId', 'AppointmentID', 'ScheduledDay', 'AppointmentDay', 'Age', 'Neighbourhood'] as const;
type Column = (typeof APPOINTMENT_COLUMNS)[number];
export type AppointmentRecord = Record<string, string>;

export interface Appointment {
  /** Line of the file, the header being line 1. */
  row: number;
  /** Text: some ids of real files are not integers (`14172416655E-5`) and must survive as they are. */
  patientId: string;
  appointmentId: string;
  /** Instant of the booking, ISO-8601 UTC with milliseconds. */
  scheduledAt: string;
  /** Day of the visit, YYYY-MM-DD. */
  day: string;
  ageYears: number;
  neighbourhood: string;
}

export interface Rejection {
  row: number;
  appointmentId: string;
  reason: string;
}

/** Somebody the file knows, as their first row describes them. */
export interface FilePatient {
  patientId: string;
  /** Age in the year `asOfYear`. */
  ageYears: number;
  asOfYear: number;
}

export interface AppointmentFile {
  rows: number;
  valid: Appointment[];
  /** Everybody in the file, also those all of whose appointments are rejected: the appointment is wrong, not the person. */
  patients: FilePatient[];
  rejected: Rejection[];
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/;
const realInstant = (text: string) => INSTANT.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().slice(0, 10) === text.slice(0, 10);

/** @returns the columns a file lacks; empty when it can be replayed */
export const missingColumns = (header: string[]): Column[] => APPOINTMENT_COLUMNS.filter((column) => !header.includes(column));

/**
 * Checks every row on its own and against those before it (an appointment id occurs once).
 * @param lineOf line of the file that the record with this index comes from; default: no line is skipped
 */
export function checkAppointments(records: AppointmentRecord[], lineOf = (index: number) => index + 2): AppointmentFile {
  const seen = new Set<string>();
  const file: AppointmentFile = { rows: records.length, valid: [], patients: patientsOf(records), rejected: [] };
  records.forEach((record, index) => {
    const row = lineOf(index);
    const reason = reasonAgainst(record, seen);
    const appointmentId = (record['AppointmentID'] ?? '').trim();
    seen.add(appointmentId);
    if (reason) file.rejected.push({ row, appointmentId, reason });
    else file.valid.push(toAppointment(record, row));
  });
  return file;
}

function reasonAgainst(record: AppointmentRecord, seen: Set<string>): string | undefined {
  for (const column of APPOINTMENT_COLUMNS) if (!record[column]?.trim()) return `${column} is empty`;
  const { AppointmentID, ScheduledDay, AppointmentDay, Age } = record as Record<Column, string>;
  if (seen.has(AppointmentID.trim())) return `AppointmentID ${AppointmentID.trim()} occurs twice`;
  if (!realInstant(ScheduledDay.trim())) return `ScheduledDay ${ScheduledDay} is not an instant such as 2016-04-29T18:38:08Z`;
  if (!realInstant(AppointmentDay.trim())) return `AppointmentDay ${AppointmentDay} is not an instant such as 2016-04-29T00:00:00Z`;
  if (!/^-?\d{1,3}$/.test(Age.trim())) return `Age ${Age} is not a whole number`;
  if (AppointmentDay.slice(0, 10) < ScheduledDay.slice(0, 10)) return 'AppointmentDay is before ScheduledDay: booked after the visit';
  return undefined;
}

function patientsOf(records: AppointmentRecord[]): FilePatient[] {
  const patients = new Map<string, FilePatient>();
  for (const { PatientId, Age, ScheduledDay } of records) {
    const patientId = PatientId?.trim();
    if (!patientId || patients.has(patientId)) continue;
    const year = Number((ScheduledDay ?? '').slice(0, 4));
    patients.set(patientId, { patientId, ageYears: Math.max(0, Number(Age) || 0), asOfYear: year >= 1900 ? year : 1900 });
  }
  return [...patients.values()];
}

function toAppointment(record: AppointmentRecord, row: number): Appointment {
  const column = (name: Column) => record[name]!.trim();
  return {
    row,
    patientId: column('PatientId'),
    appointmentId: column('AppointmentID'),
    scheduledAt: new Date(column('ScheduledDay')).toISOString(),
    day: column('AppointmentDay').slice(0, 10),
    ageYears: Number(column('Age')),
    neighbourhood: column('Neighbourhood'),
  };
}

export interface ReplayPlan {
  /** Instant of the first booking of the whole file; undefined when no row is valid. */
  beginsAt?: string;
  /** Neighbourhoods, in alphabetical order. */
  hospitals: string[];
  /** One per hospital and day, with as many tickets as the file has valid appointments there. */
  sessions: { neighbourhood: string; day: string; tickets: number }[];
  /** In order of (ScheduledDay, AppointmentID), a group per UTC day of the booking: sessions end at midnight, so one day is finished before the next begins. */
  days: { day: string; bookings: Appointment[] }[];
}

/** @param until last day (YYYY-MM-DD, UTC) whose bookings are replayed; absent: all. Hospitals and sessions are always those of the whole file. */
export function planReplay(appointments: Appointment[], until?: string): ReplayPlan {
  const tickets = new Map<string, { neighbourhood: string; day: string; tickets: number }>();
  for (const { neighbourhood, day } of appointments) {
    const session = tickets.get(`${neighbourhood}|${day}`);
    if (session) session.tickets++;
    else tickets.set(`${neighbourhood}|${day}`, { neighbourhood, day, tickets: 1 });
  }
  const ordered = [...appointments].sort(byBookingOrder);
  const sessions = [...tickets.values()].sort((a, b) => compare(a.neighbourhood, b.neighbourhood) || compare(a.day, b.day));
  return {
    beginsAt: ordered[0]?.scheduledAt,
    hospitals: [...new Set(sessions.map((session) => session.neighbourhood))],
    sessions,
    days: byDay(ordered.filter(({ scheduledAt }) => until === undefined || scheduledAt.slice(0, 10) <= until)),
  };
}

function byDay(bookings: Appointment[]): ReplayPlan['days'] {
  const days = Map.groupBy(bookings, ({ scheduledAt }) => scheduledAt.slice(0, 10));
  return [...days].map(([day, group]) => ({ day, bookings: group }));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Ids are compared as numbers where both are: 999 was given out before 1000. */
function byBookingOrder(a: Appointment, b: Appointment): number {
  const bySchedule = compare(a.scheduledAt, b.scheduledAt);
  if (bySchedule !== 0) return bySchedule;
  const numeric = Number(a.appointmentId) - Number(b.appointmentId);
  return Number.isNaN(numeric) || numeric === 0 ? compare(a.appointmentId, b.appointmentId) : numeric;
}
