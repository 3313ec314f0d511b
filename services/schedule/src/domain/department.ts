import { type Decider, type Event, eventCodec } from '@talon/event-sourcing';
import { scheduleError } from './errors';

export interface Department {
  departmentId: string;
  hospitalId: string;
  name: string;
  specialty: string | null;
}

export type DepartmentEvent =
  | Event<'DepartmentAdded', Department & { requestHash: string }>
  /** Carries every field, changed or not. */
  | Event<'DepartmentChanged', Department>;

export const departmentCodec = eventCodec<DepartmentEvent>({ DepartmentAdded: 1, DepartmentChanged: 1 });

export type DepartmentCommand =
  | { type: 'AddDepartment'; data: Department & { requestHash: string } }
  | { type: 'ChangeDepartment'; data: { departmentId: string; name?: string; specialty?: string | null } };

type State = (Department & { requestHash: string }) | null;

export const departmentDecider: Decider<State, DepartmentCommand, DepartmentEvent> = {
  initialState: null,
  decide({ type, data }, department) {
    if (type === 'AddDepartment') {
      if (!department) return [{ type: 'DepartmentAdded', data }];
      if (department.requestHash !== data.requestHash) throw scheduleError('key-reused', 'The key created another department');
      return [];
    }
    if (!department) throw scheduleError('department-not-found', `Department ${data.departmentId} does not exist`);
    const { departmentId, hospitalId } = department;
    const name = data.name ?? department.name;
    const specialty = data.specialty === undefined ? department.specialty : data.specialty;
    if (name === department.name && specialty === department.specialty) return [];
    return [{ type: 'DepartmentChanged', data: { departmentId, hospitalId, name, specialty } }];
  },
  evolve(department, event) {
    if (event.type === 'DepartmentAdded') return event.data;
    return department && { ...department, ...event.data };
  },
};
