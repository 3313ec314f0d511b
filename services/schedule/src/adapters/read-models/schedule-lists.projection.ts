import { categoryOf, type RecordedEvent } from '@talon/event-sourcing';
import { type Projection, upsertRows } from '@talon/read-model';
import { type EntityManager, In } from 'typeorm';
import { departmentCodec } from '../../domain/department';
import { doctorCodec } from '../../domain/doctor';
import { hospitalCodec } from '../../domain/hospital';
import { sessionCodec, type SessionEvent } from '../../domain/session';
import { templateCodec } from '../../domain/template';
import { DepartmentRow, DoctorRow, HospitalRow, SessionRow, TemplateRow } from './schedule-lists.entity';

export const SCHEDULE_LISTS = 'schedule-lists';

/** One feed for all lists: a session never shows up before its doctor. */
export const scheduleListsProjection: Projection = {
  name: SCHEDULE_LISTS,
  filter: {
    categories: ['hospital', 'department', 'doctor', 'session', 'template'],
    types: [
      ...hospitalCodec.namesOf('HospitalAdded', 'HospitalChanged'),
      ...departmentCodec.storedNames,
      ...doctorCodec.storedNames,
      ...sessionCodec.storedNames,
      ...templateCodec.namesOf('TemplateCreated', 'TemplateEnded'),
    ],
  },
  tables: ['schedule.hospital', 'schedule.department', 'schedule.doctor', 'schedule.session', 'schedule.template'],
  async apply(events, tx) {
    const of = (category: string) => events.filter(({ stream }) => categoryOf(stream) === category);
    await upsertRows(tx, HospitalRow, lastOf(of('hospital').flatMap(hospitalRow), 'hospitalId'));
    await upsertRows(tx, DepartmentRow, lastOf(of('department').map(departmentRow), 'departmentId'));
    await upsertRows(tx, DoctorRow, lastOf(of('doctor').map(doctorRow), 'doctorId'));
    await upsertRows(tx, TemplateRow, lastOf(of('template').flatMap(templateRow), 'templateId'));
    await applySessions(of('session'), tx);
  },
};

/** The last row per key: one statement cannot write a row twice. */
const lastOf = <Row>(rows: Row[], key: keyof Row): Row[] => [...new Map(rows.map((row) => [row[key], row])).values()];

function hospitalRow(recorded: RecordedEvent): HospitalRow[] {
  const event = hospitalCodec.decode(recorded);
  if (event.type !== 'HospitalAdded' && event.type !== 'HospitalChanged') return [];
  const { hospitalId, name, zone, bookingsPerPatientDayMax, holdMinutes } = event.data;
  return [{ hospitalId, name, zone, bookingsPerPatientDayMax, holdMinutes }];
}

function departmentRow(recorded: RecordedEvent): DepartmentRow {
  const { departmentId, hospitalId, name, specialty } = departmentCodec.decode(recorded).data;
  return { departmentId, hospitalId, name, specialty };
}

function doctorRow(recorded: RecordedEvent): DoctorRow {
  const { doctorId, hospitalId, departmentId, name, specialty } = doctorCodec.decode(recorded).data;
  return { doctorId, hospitalId, departmentId, name, specialty };
}

function templateRow(recorded: RecordedEvent): TemplateRow[] {
  const { type, data } = templateCodec.decode(recorded);
  if (type !== 'TemplateCreated' && type !== 'TemplateEnded') return [];
  const { templateId, hospitalId, doctorId } = data;
  return [{ templateId, hospitalId, doctorId, ended: type === 'TemplateEnded' }];
}

async function applySessions(events: RecordedEvent[], tx: EntityManager) {
  const decoded = events.map((event) => ({ revision: event.revision, event: sessionCodec.decode(event) }));
  const touched = [...new Set(decoded.filter(({ revision }) => revision > 0).map(({ event }) => event.data.sessionId))];
  const rows = new Map<string, SessionRow>();
  if (touched.length > 0) for (const row of await tx.findBy(SessionRow, { sessionId: In(touched) })) rows.set(row.sessionId, row);
  for (const { revision, event } of decoded) {
    const row = rows.get(event.data.sessionId);
    if (row && revision <= row.revision) continue;
    const changed = sessionRow(row, event);
    if (changed) rows.set(event.data.sessionId, { ...changed, revision });
  }
  await upsertRows(tx, SessionRow, [...rows.values()]);
}

function sessionRow(row: SessionRow | undefined, { type, data }: SessionEvent): Omit<SessionRow, 'revision'> | undefined {
  if (type === 'SessionPlanned') {
    const { sessionId, hospitalId, departmentId, doctorId, date, zone, startsAt, endsAt, price, opensAt, slotCount } = data;
    return { sessionId, hospitalId, departmentId, doctorId, date, zone, startsAt, endsAt, price, opensAt, suspended: false, capacity: slotCount };
  }
  if (!row) return undefined;
  switch (type) {
    case 'SlotsAdded': return { ...row, capacity: row.capacity + data.slots.length };
    case 'SlotsWithdrawn': return { ...row, capacity: row.capacity - data.numbers.length };
    case 'SessionSuspended': return { ...row, suspended: true };
    case 'SessionResumed': return { ...row, suspended: false };
  }
}
