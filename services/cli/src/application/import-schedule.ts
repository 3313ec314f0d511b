import { checkSchedule, type CheckOptions, doctorKey, overlap, type RowReject, type ScheduleRecord, type ScheduleRow } from '../domain/schedule-file';
import { Directory, type Ids } from './directory';
import { inParallel } from './in-parallel';
import { type Api, ApiError, type ProgressFactory } from './ports';

/** Doctors worked on at once; the sessions of one doctor go one after the other, because the platform decides them in one stream. */
const DOCTORS_AT_ONCE_MAX = 16;

export interface ImportReport {
  rows: number;
  rejects: RowReject[];
  /** Rows whose sessions exist now, whether this run planned them or an earlier one. */
  imported: number;
  /** Of these, how many existed before. */
  existed: number;
  hospitals: number;
  departments: number;
  doctors: number;
  /** Stopped by hand before the end; the same command goes on. */
  interrupted: boolean;
}

export interface ImportOptions extends CheckOptions {
  progress: ProgressFactory;
  /** Check everything, write nothing. */
  checkOnly: boolean;
  signal?: AbortSignal;
  /** The platform's present instant, ISO-8601 UTC. */
  now: string;
}

/**
 * Imports a schedule: first every row is checked, against itself, the other rows and the sessions that already exist; only when all are
 * right anything is written. Keys derive from the content, so a repeat changes nothing and an interrupted import goes on.
 */
export async function importSchedule(records: ScheduleRecord[], api: Api, options: ImportOptions): Promise<ImportReport> {
  const { rows, rejects } = checkSchedule(records, options);
  const report = { rows: records.length, rejects, imported: 0, existed: 0, ...sizes(rows), interrupted: false };
  if (rejects.length) return report;
  const directory = new Directory(api);
  const existing = new Set<ScheduleRow>();
  await lookAtPlatform(rows, { directory, api, ...options }, { existing, rejects });
  rejects.sort((a, b) => a.row - b.row);
  report.existed = existing.size;
  const interrupted = () => options.signal?.aborted ?? false;
  if (rejects.length || options.checkOnly || interrupted()) return { ...report, interrupted: interrupted() };
  const fresh = rows.filter((row) => !existing.has(row));
  report.imported = existing.size;
  if (fresh.length === 0) return report;
  const bar = options.progress('Sessions', fresh.length);
  try {
    await inParallel(fresh, { limit: DOCTORS_AT_ONCE_MAX, laneOf: doctorKey, signal: options.signal }, async (row) => {
      await planSession(row, await directory.resolve(row), api);
      report.imported++;
      bar.step();
    });
  } finally {
    bar.stop();
  }
  return { ...report, interrupted: interrupted() };
}

const planSession = ({ date, zone, start, end, slotMinutes, tickets, price, opensAt }: ScheduleRow, ids: Ids, api: Api) =>
  api.must({
    method: 'POST',
    path: '/v1/sessions',
    key: `import:session:${ids.doctorId}:${date}:${start}`,
    body: { ...ids, date, zone, start, end, slotMinutes, tickets, price, opensAt },
  });

interface Seen {
  sessionId: string;
  startsAt: string;
  endsAt: string;
}

/** Compares every doctor of the file with what the platform has: what an earlier import planned is `existing`, what is in the way a reject. */
async function lookAtPlatform(
  rows: ScheduleRow[],
  context: ImportOptions & { directory: Directory; api: Api },
  found: { existing: Set<ScheduleRow>; rejects: RowReject[] },
): Promise<void> {
  const { directory, api, now, progress, signal } = context;
  const groups = [...Map.groupBy(rows, doctorKey).values()];
  const bar = progress('Checking', rows.length);
  try {
    await inParallel(groups, { limit: DOCTORS_AT_ONCE_MAX, signal }, async (group) => {
      const ids = await directory.existing(group[0]!);
      const days = group.flatMap(({ startsAt, endsAt }) => [startsAt, endsAt]).map((instant) => Date.parse(instant));
      const [from, to] = [dayOf(Math.min(...days), -1), dayOf(Math.max(...days), 1)];
      const sessions = ids ? await api.list<Seen>(`/v1/availability?doctor=${ids.doctorId}&from=${from}&to=${to}`) : [];
      for (const row of group) {
        const inTheWay = sessions.filter((session) => overlap(session, row));
        const same = inTheWay.length === 1 && inTheWay[0]!.startsAt === row.startsAt && inTheWay[0]!.endsAt === row.endsAt;
        const over = row.endsAt <= now;
        if (ids && (same || (over && inTheWay.length === 0))) await probe(row, ids, api, found);
        else if (over) found.rejects.push({ row: row.row, column: 'date', reason: `the session is over: it is ${now} already` });
        else if (inTheWay.length) found.rejects.push(busy(row, inTheWay[0]!.sessionId));
        bar.step();
      }
    });
  } finally {
    bar.stop();
  }
}

const PROBED: Record<string, (row: ScheduleRow) => RowReject> = {
  'schedule/session-over': ({ row }) => ({ row, column: 'date', reason: 'the session is over' }),
  'schedule/key-reused': ({ row }) => ({ row, column: 'start', reason: 'an earlier import planned this session with another end, size, price or opening' }),
  'schedule/doctor-busy': (row) => busy(row),
};

/** Asks for a session whose time is taken or past. Nothing new can come of it: either an earlier import planned this very session, or it is refused. */
async function probe(row: ScheduleRow, ids: Ids, api: Api, found: { existing: Set<ScheduleRow>; rejects: RowReject[] }) {
  try {
    await planSession(row, ids, api);
    found.existing.add(row);
  } catch (error) {
    const reject = error instanceof ApiError ? PROBED[error.problem.code ?? ''] : undefined;
    if (!reject) throw error;
    found.rejects.push(reject(row));
  }
}

const busy = ({ row, doctor }: ScheduleRow, sessionId?: string): RowReject => ({
  row,
  column: 'start',
  reason: `${doctor} already has ${sessionId ? `session ${sessionId}` : 'another session'} at that time`,
});

function sizes(rows: ScheduleRow[]) {
  const count = (keyOf: (row: ScheduleRow) => string[]) => new Set(rows.map((row) => JSON.stringify(keyOf(row)))).size;
  return {
    hospitals: count(({ hospital }) => [hospital]),
    departments: count(({ hospital, department }) => [hospital, department]),
    doctors: count(({ hospital, department, doctor }) => [hospital, department, doctor]),
  };
}

const dayOf = (instantMs: number, plusDays: number) => new Date(instantMs + plusDays * 86_400_000).toISOString().slice(0, 10);
