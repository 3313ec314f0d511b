import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { SlotState } from '@talon/contracts';
import { Clock, isDomainError } from '@talon/kernel';
import type { Department } from '../domain/department';
import type { Doctor } from '../domain/doctor';
import { scheduleError } from '../domain/errors';
import type { Hospital } from '../domain/hospital';
import type { Session } from '../domain/session';
import type { Template } from '../domain/template';
import {
  type DepartmentItem, type DoctorItem, type HospitalItem, type ListPage, type PageRequest, ScheduleLists, type SessionFilter,
  type SessionItem, SlotStock,
} from './ports';
import { ScheduleStreams } from './schedule-streams';

/** `not-open`: booking opens later. `over`: the session has ended. */
export type SessionStatus = 'open' | 'not-open' | 'suspended' | 'over';

export function statusOf(session: { endsAt: string; opensAt: string | null; suspended: boolean }, now: string): SessionStatus {
  if (session.endsAt <= now) return 'over';
  if (session.suspended) return 'suspended';
  return session.opensAt !== null && session.opensAt > now ? 'not-open' : 'open';
}

/** Single resources come from their streams: what was just written is there. */
export class GetHospital extends Query<Hospital> { constructor(readonly id: string) { super(); } }
export class GetDepartment extends Query<Department> { constructor(readonly id: string) { super(); } }
export class GetDoctor extends Query<Doctor> { constructor(readonly id: string) { super(); } }
export class GetSession extends Query<Session> { constructor(readonly id: string) { super(); } }
export class GetTemplate extends Query<Template> { constructor(readonly id: string) { super(); } }

/** A session as patients see it. `unknown`: the stock does not answer at the moment. */
export interface SessionView {
  session: Session;
  status: SessionStatus;
  slots: { number: number; startsAt: string; endsAt: string; state: SlotState | 'unknown' }[];
}
export class ViewSession extends Query<SessionView> { constructor(readonly id: string) { super(); } }

/** Lists come from read models. */
export class ListHospitals extends Query<ListPage<HospitalItem>> { constructor(readonly page: PageRequest) { super(); } }
export class ListDepartments extends Query<ListPage<DepartmentItem>> {
  constructor(readonly filter: { hospital?: string }, readonly page: PageRequest) { super(); }
}
export class ListDoctors extends Query<ListPage<DoctorItem>> {
  constructor(readonly filter: { hospital?: string; department?: string }, readonly page: PageRequest) { super(); }
}
export class ListTemplates extends Query<ListPage<Template>> {
  constructor(readonly filter: { hospital?: string; doctor?: string }, readonly page: PageRequest) { super(); }
}

export interface AvailabilityItem extends Omit<SessionItem, 'suspended'> {
  status: SessionStatus;
  /** null: the stock does not answer at the moment. */
  free: number | null;
}
/** Sessions in order of start; without `from` those that have not ended. */
export class FindAvailability extends Query<ListPage<AvailabilityItem>> {
  constructor(readonly filter: SessionFilter, readonly page: PageRequest) { super(); }
}

@QueryHandler(GetHospital)
export class GetHospitalHandler implements IQueryHandler<GetHospital> {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ id }: GetHospital) {
    const { state } = await this.streams.hospital(id);
    if (!state) throw scheduleError('hospital-not-found', `Hospital ${id} does not exist`);
    return state;
  }
}

@QueryHandler(GetDepartment)
export class GetDepartmentHandler implements IQueryHandler<GetDepartment> {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ id }: GetDepartment) {
    const { state } = await this.streams.department(id);
    if (!state) throw scheduleError('department-not-found', `Department ${id} does not exist`);
    return state;
  }
}

@QueryHandler(GetDoctor)
export class GetDoctorHandler implements IQueryHandler<GetDoctor> {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ id }: GetDoctor) {
    const { state } = await this.streams.doctor(id);
    if (!state) throw scheduleError('doctor-not-found', `Doctor ${id} does not exist`);
    return state;
  }
}

@QueryHandler(GetSession)
export class GetSessionHandler implements IQueryHandler<GetSession> {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ id }: GetSession) {
    const { state } = await this.streams.session(id);
    if (!state) throw scheduleError('session-not-found', `Session ${id} does not exist`);
    return state;
  }
}

@QueryHandler(GetTemplate)
export class GetTemplateHandler implements IQueryHandler<GetTemplate> {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ id }: GetTemplate) {
    const { state } = await this.streams.template(id);
    if (!state) throw scheduleError('template-not-found', `Template ${id} does not exist`);
    return state;
  }
}

@QueryHandler(ViewSession)
export class ViewSessionHandler implements IQueryHandler<ViewSession> {
  constructor(
    private readonly streams: ScheduleStreams,
    @Inject(SlotStock) private readonly stock: SlotStock,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async execute({ id }: ViewSession): Promise<SessionView> {
    const { state: session } = await this.streams.session(id);
    if (!session) throw scheduleError('session-not-found', `Session ${id} does not exist`);
    const states = await orNone(this.stock.states(id));
    const slots = session.slots.map(({ number, startsAt, endsAt }) => {
      const state = session.withdrawn.has(number) ? 'withdrawn' : (states?.get(number) ?? 'unknown');
      return { number, startsAt, endsAt, state } as const;
    });
    return { session, slots, status: statusOf({ ...session.plan, suspended: session.suspended }, this.clock.now()) };
  }
}

@QueryHandler(ListHospitals)
export class ListHospitalsHandler implements IQueryHandler<ListHospitals> {
  constructor(@Inject(ScheduleLists) private readonly lists: ScheduleLists) {}
  execute = ({ page }: ListHospitals) => this.lists.hospitals(page);
}

@QueryHandler(ListDepartments)
export class ListDepartmentsHandler implements IQueryHandler<ListDepartments> {
  constructor(@Inject(ScheduleLists) private readonly lists: ScheduleLists) {}
  execute = ({ filter, page }: ListDepartments) => this.lists.departments(filter, page);
}

@QueryHandler(ListDoctors)
export class ListDoctorsHandler implements IQueryHandler<ListDoctors> {
  constructor(@Inject(ScheduleLists) private readonly lists: ScheduleLists) {}
  execute = ({ filter, page }: ListDoctors) => this.lists.doctors(filter, page);
}

@QueryHandler(ListTemplates)
export class ListTemplatesHandler implements IQueryHandler<ListTemplates> {
  constructor(@Inject(ScheduleLists) private readonly lists: ScheduleLists, private readonly streams: ScheduleStreams) {}
  async execute({ filter, page }: ListTemplates) {
    const { items, next } = await this.lists.templateIds(filter, page);
    const loaded = await Promise.all(items.map((id) => this.streams.template(id)));
    return { items: loaded.flatMap(({ state }) => state ?? []), next };
  }
}

@QueryHandler(FindAvailability)
export class FindAvailabilityHandler implements IQueryHandler<FindAvailability> {
  constructor(
    @Inject(ScheduleLists) private readonly lists: ScheduleLists,
    @Inject(SlotStock) private readonly stock: SlotStock,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async execute({ filter, page }: FindAvailability) {
    const now = this.clock.now();
    const { items, next } = await this.lists.sessions(filter.from === undefined ? { ...filter, endsAfter: now } : filter, page);
    const free = items.length === 0 ? new Map<string, number>() : await orNone(this.stock.free(items.map(({ sessionId }) => sessionId)));
    const withStock = items.map(({ suspended, ...item }): AvailabilityItem => {
      const status = statusOf({ ...item, suspended }, now);
      const places = free === undefined ? null : (free.get(item.sessionId) ?? item.capacity);
      return { ...item, status, free: status === 'over' ? 0 : places };
    });
    return { items: withStock, next };
  }
}

/** Undefined when the stock does not answer: lists and facts must not go down with it. */
const orNone = <T>(answer: Promise<T>): Promise<T | undefined> =>
  answer.catch((error: unknown) => {
    if (isDomainError(error)) return undefined;
    throw error;
  });

export const SCHEDULE_QUERIES = [
  GetHospitalHandler, GetDepartmentHandler, GetDoctorHandler, GetSessionHandler, GetTemplateHandler, ViewSessionHandler,
  ListHospitalsHandler, ListDepartmentsHandler, ListDoctorsHandler, ListTemplatesHandler, FindAvailabilityHandler,
];
