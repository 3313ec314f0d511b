import { Inject, Injectable } from '@nestjs/common';
import { commonError, isId } from '@talon/kernel';
import { DataSource } from 'typeorm';
import {
  type DepartmentItem, type DoctorItem, type HospitalItem, type ListPage, type PageRequest, ScheduleLists, type SessionFilter, type SessionItem,
} from '../../application/ports';

const DAY_MS = 86_400_000;
/** A cursor holds a name or an instant, and an id. */
const CURSOR_LENGTH_MAX = 2_000;

interface ListSource<Row extends object> {
  /** SELECT … FROM … of rows whose columns carry the item's names. */
  select: string;
  /** Order of the list: the column, then the id. */
  order: string;
  id: string;
  keyOf(row: Row): { order: string; id: string };
}

/** `column operator $n` conditions, in the order of their parameters. */
class Conditions {
  private readonly texts: string[] = [];
  readonly values: unknown[] = [];

  /** `text` contains `?` where the value belongs. An undefined value is no condition. */
  and(text: string, value: unknown) {
    if (value !== undefined) this.texts.push(text.replace('?', `$${this.values.push(value)}`));
    return this;
  }

  /** Keyset: rows after this one. */
  after(order: string, id: string, cursor: { order: string; id: string } | undefined) {
    if (cursor) this.texts.push(`(${order}, ${id}) > ($${this.values.push(cursor.order)}, $${this.values.push(cursor.id)}::uuid)`);
    return this;
  }

  toString() {
    return this.texts.length === 0 ? '' : `WHERE ${this.texts.join(' AND ')}`;
  }
}

/** Lists by keyset: a page costs the same wherever it lies. */
@Injectable()
export class ScheduleListsQuery extends ScheduleLists {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {
    super();
  }

  override hospitals(page: PageRequest): Promise<ListPage<HospitalItem>> {
    const select = `SELECT hospital_id AS "hospitalId", name, zone, bookings_per_patient_day_max AS "bookingsPerPatientDayMax",
      hold_minutes AS "holdMinutes" FROM schedule.hospital`;
    return this.list<HospitalItem>({ select, order: 'name', id: 'hospital_id', keyOf: (row) => ({ order: row.name, id: row.hospitalId }) }, new Conditions(), page);
  }

  override departments({ hospital }: { hospital?: string }, page: PageRequest): Promise<ListPage<DepartmentItem>> {
    const select = 'SELECT department_id AS "departmentId", hospital_id AS "hospitalId", name, specialty FROM schedule.department';
    const source = { select, order: 'name', id: 'department_id', keyOf: (row: DepartmentItem) => ({ order: row.name, id: row.departmentId }) };
    return this.list(source, new Conditions().and('hospital_id = ?', hospital), page);
  }

  override doctors({ hospital, department }: { hospital?: string; department?: string }, page: PageRequest): Promise<ListPage<DoctorItem>> {
    const select = `SELECT doctor_id AS "doctorId", hospital_id AS "hospitalId", department_id AS "departmentId", name, specialty
      FROM schedule.doctor`;
    const source = { select, order: 'name', id: 'doctor_id', keyOf: (row: DoctorItem) => ({ order: row.name, id: row.doctorId }) };
    return this.list(source, new Conditions().and('hospital_id = ?', hospital).and('department_id = ?', department), page);
  }

  override sessions(filter: SessionFilter, page: PageRequest): Promise<ListPage<SessionItem>> {
    const select = `SELECT s.session_id AS "sessionId", s.hospital_id AS "hospitalId", h.name AS "hospitalName",
      s.department_id AS "departmentId", d.name AS "departmentName", s.doctor_id AS "doctorId", o.name AS "doctorName", s.date, s.zone,
      s.starts_at AS "startsAt", s.ends_at AS "endsAt", s.price, s.opens_at AS "opensAt", s.capacity, s.suspended
      FROM schedule.session s JOIN schedule.hospital h USING (hospital_id)
      JOIN schedule.department d ON d.department_id = s.department_id JOIN schedule.doctor o ON o.doctor_id = s.doctor_id`;
    // The conditions on starts_at follow from the others (a session is at most a day long, zones lie within a day of UTC) and let the index bound
    // the scan.
    const conditions = new Conditions()
      .and('s.hospital_id = ?', filter.hospital)
      .and('s.department_id = ?', filter.department)
      .and('s.doctor_id = ?', filter.doctor)
      .and('s.date >= ?', filter.from)
      .and('s.starts_at >= ?', filter.from && instantAt(`${filter.from}T00:00:00Z`, -DAY_MS))
      .and('s.date <= ?', filter.to)
      .and('s.starts_at < ?', filter.to && instantAt(`${filter.to}T00:00:00Z`, 2 * DAY_MS))
      .and('s.ends_at > ?', filter.endsAfter)
      .and('s.starts_at >= ?', filter.endsAfter && instantAt(filter.endsAfter, -DAY_MS));
    const keyOf = (row: SessionItem) => ({ order: row.startsAt, id: row.sessionId });
    return this.list({ select, order: 's.starts_at', id: 's.session_id', keyOf }, conditions, page);
  }

  override async templateIds(filter: { hospital?: string; doctor?: string; active?: boolean }, page: PageRequest): Promise<ListPage<string>> {
    const select = 'SELECT template_id AS "templateId" FROM schedule.template';
    const conditions = new Conditions()
      .and('hospital_id = ?', filter.hospital)
      .and('doctor_id = ?', filter.doctor)
      .and('NOT ended = ?', filter.active ? true : undefined);
    const keyOf = ({ templateId }: { templateId: string }) => ({ order: '', id: templateId });
    const { items, next } = await this.list<{ templateId: string }>({ select, order: "''", id: 'template_id', keyOf }, conditions, page);
    return { items: items.map(({ templateId }) => templateId), next };
  }

  private async list<Row extends object>(source: ListSource<Row>, conditions: Conditions, { limit, after }: PageRequest): Promise<ListPage<Row>> {
    const { select, order, id, keyOf } = source;
    conditions.after(order, id, after === undefined ? undefined : cursorOf(after));
    const orderBy = order === "''" ? id : `${order}, ${id}`;
    const rows: Row[] = await this.dataSource.query(`${select} ${conditions} ORDER BY ${orderBy} LIMIT ${limit + 1}`, conditions.values);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return { items, next: rows.length > limit && last ? encodeCursor(keyOf(last)) : null };
  }
}

const instantAt = (instant: string, plusMs: number) => new Date(Date.parse(instant) + plusMs).toISOString();

const encodeCursor = ({ order, id }: { order: string; id: string }) => Buffer.from(JSON.stringify([order, id])).toString('base64url');

function cursorOf(text: string): { order: string; id: string } {
  const refuse = () => commonError('invalid-input', 'after must be `next` of the page before', { fields: [{ field: 'after', message: 'must be `next` of the page before' }] });
  if (text.length > CURSOR_LENGTH_MAX) throw refuse();
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw refuse();
  }
  if (!Array.isArray(parsed) || parsed.length !== 2) throw refuse();
  const [order, id]: unknown[] = parsed;
  if (typeof order !== 'string' || !order.isWellFormed() || order.includes('\0') || !isId(id)) throw refuse();
  return { order, id };
}
