import { type Appointment, type AppointmentFile, type FilePatient, planReplay, type Rejection, type ReplayPlan } from '../domain/appointments';
import { inParallel } from './in-parallel';
import { ApiError, type ApiRequest, type Platform, type ProgressFactory } from './ports';
import { assertReplayable, explainRefusal } from './rehearsal';

/** Requests under way at once. Rows of one patient never overlap, so the outcome does not depend on it. */
const REQUESTS_MAX = 48;
const ZONE = 'UTC';
/** A refusal by the rules is an outcome; anything else (no access, a fault) stops the replay. */
const REFUSALS = new Set([409, 422]);

export interface ReplayReport {
  rows: number;
  rejected: Rejection[];
  booked: number;
  /** How many rows were refused, by error code. */
  refused: Record<string, number>;
  hospitals: number;
  sessions: number;
  patients: number;
  /** Events in the log afterwards. */
  events: number;
  /** Events this run added: 0 for a repeat. */
  eventsAdded: number;
  seconds: number;
  /** Stopped by hand before the end; the same command goes on. */
  interrupted: boolean;
}

interface Session {
  sessionId: string;
}

/**
 * Replays an appointments file through the public API. Every request carries a key derived from the file, so a repeat, or going on after
 * an interruption, finds what is there and adds nothing.
 * @throws before anything is written when the platform does not rehearse or its clock is past a file it does not know
 */
export async function replay(
  file: AppointmentFile,
  platform: Platform,
  options: { until?: string; signal?: AbortSignal; progress: ProgressFactory; countEvents: () => Promise<number> },
): Promise<ReplayReport> {
  const startedMs = Date.now();
  const plan = planReplay(file.valid, options.until);
  await assertReplayable(plan, platform);
  const eventsBefore = await options.countEvents();
  const sessions = await prepareSessions(plan, platform, options);
  const patients = await registerPatients(plan.beginsAt === undefined ? [] : file.patients, platform, options);
  const outcome = await takeBookings(plan.days, { sessions, patients }, platform, options);
  const events = await options.countEvents();
  return {
    rows: file.rows,
    rejected: file.rejected,
    ...outcome,
    hospitals: plan.hospitals.length,
    sessions: plan.sessions.length,
    patients: file.patients.length,
    events,
    eventsAdded: events - eventsBefore,
    seconds: Math.round((Date.now() - startedMs) / 100) / 10,
    interrupted: options.signal?.aborted ?? false,
  };
}

type Options = { signal?: AbortSignal; progress: ProgressFactory };

/** The clock stands at the file's first booking from here on: before it, its people may not have been born. */
async function prepareSessions(plan: ReplayPlan, platform: Platform, { progress, signal }: Options) {
  const bar = progress('Sessions', plan.sessions.length);
  const sessions = new Map<string, string>();
  const byHospital = plan.hospitals.map((name) => ({ name, sessions: plan.sessions.filter((session) => session.neighbourhood === name) }));
  try {
    await inParallel(byHospital, { limit: 8, signal }, async (hospital) => {
      const create = <T>(path: string, kind: string, body: object) =>
        platform.admin.must<T>({ method: 'POST', path, body, key: `replay:${kind}:${encodeURIComponent(hospital.name)}`, now: plan.beginsAt });
      const { hospitalId } = await create<{ hospitalId: string }>('/v1/hospitals', 'hospital', { name: hospital.name, zone: ZONE });
      const { departmentId } = await create<{ departmentId: string }>('/v1/departments', 'department', { hospitalId, name: 'General practice' });
      const { doctorId } = await create<{ doctorId: string }>('/v1/doctors', 'doctor', { hospitalId, departmentId, name: `Doctor of ${hospital.name}` });
      for (const { day, tickets } of hospital.sessions) {
        if (signal?.aborted) return;
        const body = { doctorId, departmentId, date: day, zone: ZONE, start: '00:00', end: '24:00', tickets };
        const session = await create<Session>('/v1/sessions', `session:${day}`, body);
        sessions.set(`${hospital.name}|${day}`, session.sessionId);
        bar.step();
      }
    });
  } catch (error) {
    throw explainRefusal(error);
  } finally {
    bar.stop();
  }
  return sessions;
}

async function registerPatients(people: FilePatient[], platform: Platform, { progress, signal }: Options) {
  const bar = progress('Patients', people.length);
  const ids = new Map<string, string>();
  try {
    await inParallel(people, { limit: REQUESTS_MAX, signal }, async (first) => {
      const { patientId } = await platform.portal.must<{ patientId: string }>({
        method: 'POST',
        path: '/v1/patients',
        key: `replay:patient:${encodeURIComponent(first.patientId)}`,
        body: patientOf(first),
      });
      ids.set(first.patientId, patientId);
      bar.step();
    });
  } finally {
    bar.stop();
  }
  return ids;
}

/** The file has no names and only ages: the record says so instead of inventing people. */
function patientOf({ patientId, ageYears, asOfYear }: FilePatient) {
  const year = Math.max(1900, asOfYear - ageYears - 1);
  return {
    name: { family: 'Replayed', given: patientId },
    birthDate: `${year}-01-01`,
    documents: [{ kind: 'replay', number: patientId }],
  };
}

async function takeBookings(
  days: ReplayPlan['days'],
  { sessions, patients }: { sessions: Map<string, string>; patients: Map<string, string> },
  platform: Platform,
  { progress, signal }: Options,
) {
  const bar = progress('Bookings', days.reduce((sum, { bookings }) => sum + bookings.length, 0));
  const refused: Record<string, number> = {};
  let booked = 0;
  const takeOne = async (row: Appointment) => {
    const request: ApiRequest = {
      method: 'POST',
      path: '/v1/bookings',
      key: `replay:booking:${encodeURIComponent(row.appointmentId)}`,
      now: row.scheduledAt,
      body: { patientId: patients.get(row.patientId), sessionId: sessions.get(`${row.neighbourhood}|${row.day}`) },
    };
    const { status, body } = await platform.portal.send(request);
    if (status < 300) booked++;
    else if (REFUSALS.has(status) && body.code !== undefined) refused[body.code] = (refused[body.code] ?? 0) + 1;
    else throw new ApiError(request, status, body);
    bar.step();
  };
  try {
    for (const { bookings } of days) await inParallel(bookings, { limit: REQUESTS_MAX, laneOf: (row) => row.patientId, signal }, takeOne);
  } finally {
    bar.stop();
  }
  return { booked, refused };
}
