import type { EventMetadata } from '@talon/event-sourcing';
import type { SlotState } from '@talon/contracts';
import type { Money } from '@talon/kernel';

export interface Withdrawal {
  sessionId: string;
  numbers: number[];
  commandId: string;
  metadata: EventMetadata;
}

/** What schedule needs from inventory. Adapter: adapters/inventory/slot-stock.client.ts. */
export abstract class SlotStock {
  /**
   * Takes free slots out of sale for good; durable when it answers. A repeat answers as the first time.
   * @returns which are out of sale now, and which somebody has
   * @throws {DomainError} `talon/unavailable`: outcome unknown, repeat
   */
  abstract withdraw(withdrawal: Withdrawal): Promise<{ withdrawn: number[]; taken: number[] }>;
  /** Brings the stock up to the session's stream before it answers. Repeats are harmless. @throws {DomainError} `talon/unavailable` */
  abstract sync(sessionId: string): Promise<void>;
  /** Free slots per session, at most a second old; unknown sessions are left out. At most 500. @throws {DomainError} `talon/unavailable` */
  abstract free(sessionIds: string[]): Promise<Map<string, number>>;
  /** State per slot number. @throws {DomainError} `talon/unavailable` */
  abstract states(sessionId: string): Promise<Map<number, SlotState>>;
}

/** Keyset page: `next` continues after the last item, null at the end. */
export interface ListPage<Item> {
  items: Item[];
  next: string | null;
}

export interface PageRequest {
  /** 1 to 500. */
  limit: number;
  /** `next` of the page before. */
  after?: string;
}

export interface HospitalItem { hospitalId: string; name: string; zone: string; bookingsPerPatientDayMax: number; holdMinutes: number }
export interface DepartmentItem { departmentId: string; hospitalId: string; name: string; specialty: string | null }
export interface DoctorItem { doctorId: string; hospitalId: string; departmentId: string; name: string; specialty: string | null }

export interface SessionItem {
  sessionId: string;
  hospitalId: string;
  hospitalName: string;
  departmentId: string;
  departmentName: string;
  doctorId: string;
  doctorName: string;
  date: string;
  zone: string;
  startsAt: string;
  endsAt: string;
  price: Money | null;
  opensAt: string | null;
  /** Slots, withdrawn ones left out. */
  capacity: number;
  suspended: boolean;
}

export interface SessionFilter {
  hospital?: string;
  department?: string;
  doctor?: string;
  /** Local days, both included. */
  from?: string;
  to?: string;
  /** Only sessions that end after this instant. */
  endsAfter?: string;
}

/** The lists: read models, usually milliseconds behind the log. Adapter: adapters/read-models/schedule-lists.query.ts. */
export abstract class ScheduleLists {
  /** @throws {DomainError} `talon/invalid-input` naming `after` when the cursor is not one of ours; so do all of these */
  abstract hospitals(page: PageRequest): Promise<ListPage<HospitalItem>>;
  abstract departments(filter: { hospital?: string }, page: PageRequest): Promise<ListPage<DepartmentItem>>;
  abstract doctors(filter: { hospital?: string; department?: string }, page: PageRequest): Promise<ListPage<DoctorItem>>;
  /** In order of start. */
  abstract sessions(filter: SessionFilter, page: PageRequest): Promise<ListPage<SessionItem>>;
  abstract templateIds(filter: { hospital?: string; doctor?: string; active?: boolean }, page: PageRequest): Promise<ListPage<string>>;
}
