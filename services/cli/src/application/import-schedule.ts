import { contentHash } from '@talon/kernel';
import { checkSchedule, type RowReject, type ScheduleRecord, type ScheduleRow } from '../domain/schedule-file';
import type { Api, ProgressFactory } from './ports';

export interface ImportReport {
  rows: number;
  rejects: RowReject[];
  /** Rows whose sessions exist now, whether this run planned them or an earlier one. */
  imported: number;
  hospitals: number;
  departments: number;
  doctors: number;
}

interface Named {
  name: string;
}
interface Busy {
  sessionId: string;
  startsAt: string;
  endsAt: string;
}

/**
 * Imports a schedule: first every row is checked, against itself, the other rows and the sessions that already exist; only when all are
 * right anything is written. Keys derive from the content, so a repeat changes nothing and an interrupted import goes on.
 */
export async function importSchedule(
  records: ScheduleRecord[],
  api: Api,
  { progress, checkOnly }: { progress: ProgressFactory; checkOnly: boolean },
): Promise<ImportReport> {
  const { rows, rejects } = checkSchedule(records);
  const report: ImportReport = { rows: records.length, rejects, imported: 0, hospitals: 0, departments: 0, doctors: 0 };
  if (rejects.length) return report;
  const directory = new Directory(api);
  rejects.push(...(await clashes(rows, directory, api)));
  if (rejects.length || checkOnly) return report;
  const bar = progress('Sessions', rows.length);
  try {
    for (const row of rows) {
      await planSession(row, directory, api);
      report.imported++;
      bar.step();
    }
  } finally {
    bar.stop();
  }
  return { ...report, ...directory.sizes() };
}

async function planSession(row: ScheduleRow, directory: Directory, api: Api) {
  const hospitalId = await directory.hospital(row);
  const departmentId = await directory.department(row, hospitalId);
  const doctorId = await directory.doctor(row, hospitalId, departmentId);
  const { date, zone, start, end, slotMinutes, tickets, price, opensAt } = row;
  await api.must({
    method: 'POST',
    path: '/v1/sessions',
    key: `import:session:${doctorId}:${date}:${start}`,
    body: { doctorId, departmentId, date, zone, start, end, slotMinutes, tickets, price, opensAt },
  });
}

/** Sessions of the same doctors that are already planned and would overlap; the very session an earlier run planned does not count. */
async function clashes(rows: ScheduleRow[], directory: Directory, api: Api): Promise<RowReject[]> {
  const rejects: RowReject[] = [];
  const byDoctor = Map.groupBy(rows, (row) => JSON.stringify([row.hospital, row.department, row.doctor]));
  for (const group of byDoctor.values()) {
    const doctorId = await directory.existingDoctor(group[0]!);
    if (!doctorId) continue;
    const days = group.map((row) => row.date).sort();
    const busy = await api.list<Busy & { date: string; zone: string }>(`/v1/availability?doctor=${doctorId}&from=${days[0]}&to=${days.at(-1)}`);
    for (const row of group) {
      const clash = busy.find((session) => session.date === row.date && overlapsLocally(session, row));
      if (clash) rejects.push({ row: row.row, column: 'start', reason: `${row.doctor} already has session ${clash.sessionId} at that time` });
    }
  }
  return rejects;
}

function overlapsLocally(session: Busy & { zone: string }, row: ScheduleRow): boolean {
  const local = (instant: string) => new Intl.DateTimeFormat('en-GB', { timeZone: session.zone, hour: '2-digit', minute: '2-digit' }).format(new Date(instant));
  const start = local(session.startsAt);
  const end = local(session.endsAt) === '00:00' ? '24:00' : local(session.endsAt);
  const same = start === row.start && end === row.end;
  return !same && start < row.end && row.start < end;
}

/** Finds hospitals, departments and doctors by name, or creates them; asks the platform once for each. */
class Directory {
  private hospitals?: Promise<Map<string, string>>;
  private readonly departments = new Map<string, Promise<Map<string, string>>>();
  private readonly doctors = new Map<string, Promise<Map<string, string>>>();

  constructor(private readonly api: Api) {}

  async hospital({ hospital: name, zone }: ScheduleRow): Promise<string> {
    return this.findOrCreate(await this.allHospitals(), name, '/v1/hospitals', 'hospitalId', `hospital:${name}`, { name, zone });
  }

  async department({ department: name, specialty }: ScheduleRow, hospitalId: string): Promise<string> {
    return this.findOrCreate(await this.departmentsOf(hospitalId), name, '/v1/departments', 'departmentId', `department:${hospitalId}:${name}`, { hospitalId, name, specialty });
  }

  async doctor({ doctor: name, specialty }: ScheduleRow, hospitalId: string, departmentId: string): Promise<string> {
    const body = { hospitalId, departmentId, name, specialty };
    const id = await this.findOrCreate(await this.doctorsOf(hospitalId, departmentId), name, '/v1/doctors', 'doctorId', `doctor:${departmentId}:${name}`, body);
    this.touchedDoctors.add(id);
    return id;
  }

  /** The doctor's id if hospital, department and doctor exist already. */
  async existingDoctor({ hospital, department, doctor }: ScheduleRow): Promise<string | undefined> {
    const hospitalId = (await this.allHospitals()).get(hospital);
    const departmentId = hospitalId && (await this.departmentsOf(hospitalId)).get(department);
    return departmentId ? (await this.doctorsOf(hospitalId, departmentId)).get(doctor) : undefined;
  }

  /** How many the file's rows touched. */
  sizes = () => ({ hospitals: this.departments.size, departments: this.doctors.size, doctors: this.touchedDoctors.size });
  private readonly touchedDoctors = new Set<string>();

  private allHospitals = () => (this.hospitals ??= this.load('/v1/hospitals', 'hospitalId'));
  private departmentsOf = (hospitalId: string) => cached(this.departments, hospitalId, () => this.load(`/v1/departments?hospital=${hospitalId}`, 'departmentId'));
  private doctorsOf = (hospitalId: string, departmentId: string) =>
    cached(this.doctors, departmentId, () => this.load(`/v1/doctors?hospital=${hospitalId}&department=${departmentId}`, 'doctorId'));

  private async load(path: string, idField: string): Promise<Map<string, string>> {
    const items = await this.api.list<Named & Record<string, string>>(path);
    return new Map(items.map((item) => [item.name, item[idField]!]));
  }

  private async findOrCreate(known: Map<string, string>, name: string, path: string, idField: string, key: string, body: object): Promise<string> {
    const id = known.get(name) ?? (await this.api.must<Record<string, string>>({ method: 'POST', path, key: `import:${contentHash(key)}`, body }))[idField]!;
    known.set(name, id);
    return id;
  }
}

function cached<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
