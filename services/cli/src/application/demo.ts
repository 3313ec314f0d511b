import type { Platform } from './ports';

/** The demonstration region: small enough to read, big enough to try every rule. */
const DAYS_AHEAD = 14;
const ZONE = 'Europe/Moscow';
const DAY_MS = 86_400_000;

const HOSPITALS = [
  {
    name: 'City Polyclinic 1',
    departments: [
      { name: 'Cardiology', doctors: [{ name: 'Dr Anna Sokolova', sessions: { start: '09:00', end: '12:00', slotMinutes: 20 } }] },
      { name: 'General practice', doctors: [{ name: 'Dr Ivan Petrov', sessions: { start: '08:00', end: '13:00', tickets: 40 } }] },
    ],
  },
  {
    name: 'Regional Hospital',
    departments: [
      {
        name: 'Cardiology',
        doctors: [{ name: 'Prof Li Wei', sessions: { start: '14:00', end: '16:00', slotMinutes: 15, price: { amountMinor: 150_000, currency: 'RUB' } } }],
      },
      { name: 'Paediatrics', doctors: [{ name: 'Dr Maria Orlova', sessions: { start: '10:00', end: '15:00', slotMinutes: 15 } }] },
    ],
  },
] as const;

export interface DemoRegion {
  hospitalId: string;
  /** A session that can be booked now, free of charge. */
  sessionId: string;
  doctorId: string;
  patientId: string;
  /** First and last day of the planned sessions, YYYY-MM-DD. */
  from: string;
  to: string;
  sessions: number;
}

/** Loads the demonstration region, or what is missing of it: every key derives from names and days, so a repeat adds only new days. */
export async function loadDemo(platform: Platform, todayMs: number): Promise<DemoRegion> {
  const days = Array.from({ length: DAYS_AHEAD }, (_, index) => new Date(todayMs + (index + 1) * DAY_MS).toISOString().slice(0, 10));
  const planned: { hospitalId: string; doctorId: string; sessionId: string }[] = [];
  for (const { name: hospital, departments } of HOSPITALS) {
    const { hospitalId } = await create<{ hospitalId: string }>(platform, '/v1/hospitals', [hospital], { name: hospital, zone: ZONE });
    for (const { name: department, doctors } of departments) {
      const { departmentId } = await create<{ departmentId: string }>(platform, '/v1/departments', [hospital, department], { hospitalId, name: department, specialty: department });
      for (const { name, sessions } of doctors) {
        const { doctorId } = await create<{ doctorId: string }>(platform, '/v1/doctors', [hospital, name], { hospitalId, departmentId, name, specialty: department });
        for (const date of days) {
          const session = await create<{ sessionId: string }>(platform, '/v1/sessions', [name, date], { doctorId, departmentId, date, zone: ZONE, ...sessions });
          planned.push({ hospitalId, doctorId, sessionId: session.sessionId });
        }
      }
    }
  }
  const { patientId } = await platform.admin.must<{ patientId: string }>({
    method: 'POST',
    path: '/v1/patients',
    key: 'demo:patient',
    body: { name: { family: 'Demo', given: 'Patient' }, birthDate: '1980-05-17', contacts: [{ kind: 'email', value: 'demo.patient@example.org' }] },
  });
  return { ...planned[0]!, patientId, from: days[0]!, to: days.at(-1)!, sessions: planned.length };
}

const create = <T>({ admin }: Platform, path: string, names: readonly string[], body: object): Promise<T> =>
  admin.must<T>({ method: 'POST', path, key: `demo:${path.split('/').at(-1)}:${encodeURIComponent(names.join('/'))}`, body });
