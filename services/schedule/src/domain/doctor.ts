import { type Decider, type Event, eventCodec } from '@talon/event-sourcing';
import { scheduleError } from './errors';

export interface Doctor {
  doctorId: string;
  hospitalId: string;
  /** The department whose sessions this doctor holds now. */
  departmentId: string;
  name: string;
  specialty: string | null;
}

export type DoctorEvent =
  | Event<'DoctorAdded', Doctor & { requestHash: string }>
  /** Carries every field, changed or not. */
  | Event<'DoctorChanged', Doctor>;

export const doctorCodec = eventCodec<DoctorEvent>({ DoctorAdded: 1, DoctorChanged: 1 });

export type DoctorCommand =
  | { type: 'AddDoctor'; data: Doctor & { requestHash: string } }
  | { type: 'ChangeDoctor'; data: { doctorId: string; departmentId?: string; name?: string; specialty?: string | null } };

type State = (Doctor & { requestHash: string }) | null;

/** That the department exists and is one of the doctor's hospital is looked up by the handler before. */
export const doctorDecider: Decider<State, DoctorCommand, DoctorEvent> = {
  initialState: null,
  decide({ type, data }, doctor) {
    if (type === 'AddDoctor') {
      if (!doctor) return [{ type: 'DoctorAdded', data }];
      if (doctor.requestHash !== data.requestHash) throw scheduleError('key-reused', 'The key created another doctor');
      return [];
    }
    if (!doctor) throw scheduleError('doctor-not-found', `Doctor ${data.doctorId} does not exist`);
    const { doctorId, hospitalId } = doctor;
    const departmentId = data.departmentId ?? doctor.departmentId;
    const name = data.name ?? doctor.name;
    const specialty = data.specialty === undefined ? doctor.specialty : data.specialty;
    if (departmentId === doctor.departmentId && name === doctor.name && specialty === doctor.specialty) return [];
    return [{ type: 'DoctorChanged', data: { doctorId, hospitalId, departmentId, name, specialty } }];
  },
  evolve(doctor, event) {
    if (event.type === 'DoctorAdded') return event.data;
    return doctor && { ...doctor, ...event.data };
  },
};
