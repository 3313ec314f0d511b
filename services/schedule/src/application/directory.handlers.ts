import { Command, CommandHandler } from '@nestjs/cqrs';
import type { EventMetadata } from '@talon/event-sourcing';
import { type Caller, creationOf } from './creation';
import { freshly, ScheduleStreams } from './schedule-streams';
import { fieldFault, scheduleError } from '../domain/errors';
import type { HospitalSettings } from '../domain/hospital';

/** Creating with the same key and body answers with the first id and changes nothing. @throws schedule/key-reused */
export class AddHospital extends Command<{ hospitalId: string }> {
  constructor(readonly input: HospitalSettings, readonly caller: Caller) { super(); }
}
/** Equal values record nothing. @throws schedule/hospital-not-found */
export class ChangeHospital extends Command<void> {
  constructor(readonly hospitalId: string, readonly change: Partial<HospitalSettings>, readonly metadata: EventMetadata) { super(); }
}
export class AddHoliday extends Command<void> {
  constructor(readonly hospitalId: string, readonly date: string, readonly holiday: string, readonly metadata: EventMetadata) { super(); }
}
/** @throws schedule/holiday-not-found */
export class RemoveHoliday extends Command<void> {
  constructor(readonly hospitalId: string, readonly date: string, readonly metadata: EventMetadata) { super(); }
}
/** @throws schedule/key-reused, reference-unknown */
export class AddDepartment extends Command<{ departmentId: string }> {
  constructor(readonly input: { hospitalId: string; name: string; specialty?: string }, readonly caller: Caller) { super(); }
}
export class ChangeDepartment extends Command<void> {
  constructor(readonly departmentId: string, readonly change: { name?: string; specialty?: string | null }, readonly metadata: EventMetadata) { super(); }
}
/** @throws schedule/key-reused, reference-unknown, not-together */
export class AddDoctor extends Command<{ doctorId: string }> {
  constructor(readonly input: { hospitalId: string; departmentId: string; name: string; specialty?: string }, readonly caller: Caller) { super(); }
}
/** Moving to another department of the hospital leaves planned sessions where they are. @throws schedule/doctor-not-found, reference-unknown, not-together */
export class ChangeDoctor extends Command<void> {
  constructor(
    readonly doctorId: string,
    readonly change: { departmentId?: string; name?: string; specialty?: string | null },
    readonly metadata: EventMetadata,
  ) { super(); }
}

@CommandHandler(AddHospital)
export class AddHospitalHandler {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ input, caller }: AddHospital) {
    const { id: hospitalId, requestHash, metadata } = creationOf('hospital', caller, input);
    const { name, zone, bookingsPerPatientDayMax, holdMinutes } = input;
    const data = { hospitalId, name, zone, bookingsPerPatientDayMax, holdMinutes, requestHash };
    await this.streams.toHospital(hospitalId, { type: 'AddHospital', data }, metadata);
    return { hospitalId };
  }
}

@CommandHandler(ChangeHospital)
export class ChangeHospitalHandler {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ hospitalId, change, metadata }: ChangeHospital) {
    await this.streams.toHospital(hospitalId, { type: 'ChangeHospital', data: { hospitalId, ...change } }, freshly(metadata));
  }
}

@CommandHandler(AddHoliday)
export class AddHolidayHandler {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ hospitalId, date, holiday, metadata }: AddHoliday) {
    await this.streams.toHospital(hospitalId, { type: 'AddHoliday', data: { hospitalId, date, name: holiday } }, freshly(metadata));
  }
}

@CommandHandler(RemoveHoliday)
export class RemoveHolidayHandler {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ hospitalId, date, metadata }: RemoveHoliday) {
    await this.streams.toHospital(hospitalId, { type: 'RemoveHoliday', data: { hospitalId, date } }, freshly(metadata));
  }
}

@CommandHandler(AddDepartment)
export class AddDepartmentHandler {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ input, caller }: AddDepartment) {
    const { id: departmentId, requestHash, metadata } = creationOf('department', caller, input);
    const hospital = await this.streams.hospital(input.hospitalId);
    if (!hospital.state) throw fieldFault('reference-unknown', 'hospitalId', 'names no hospital');
    const data = { departmentId, hospitalId: input.hospitalId, name: input.name, specialty: input.specialty ?? null, requestHash };
    await this.streams.toDepartment(departmentId, { type: 'AddDepartment', data }, metadata);
    return { departmentId };
  }
}

@CommandHandler(ChangeDepartment)
export class ChangeDepartmentHandler {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ departmentId, change, metadata }: ChangeDepartment) {
    await this.streams.toDepartment(departmentId, { type: 'ChangeDepartment', data: { departmentId, ...change } }, freshly(metadata));
  }
}

@CommandHandler(AddDoctor)
export class AddDoctorHandler {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ input, caller }: AddDoctor) {
    const { id: doctorId, requestHash, metadata } = creationOf('doctor', caller, input);
    const [hospital, department, known] = await Promise.all([
      this.streams.hospital(input.hospitalId), this.streams.department(input.departmentId), this.streams.doctor(doctorId),
    ]);
    // A repeat is judged by what it made, not by how the directory looks now.
    if (!known.state) {
      if (!hospital.state) throw fieldFault('reference-unknown', 'hospitalId', 'names no hospital');
      checkDepartment(department.state, input.hospitalId);
    }
    const { hospitalId, departmentId, name, specialty } = input;
    const data = { doctorId, hospitalId, departmentId, name, specialty: specialty ?? null, requestHash };
    await this.streams.toDoctor(doctorId, { type: 'AddDoctor', data }, metadata);
    return { doctorId };
  }
}

@CommandHandler(ChangeDoctor)
export class ChangeDoctorHandler {
  constructor(private readonly streams: ScheduleStreams) {}
  async execute({ doctorId, change, metadata }: ChangeDoctor) {
    if (change.departmentId !== undefined) {
      const [doctor, department] = await Promise.all([this.streams.doctor(doctorId), this.streams.department(change.departmentId)]);
      if (!doctor.state) throw scheduleError('doctor-not-found', `Doctor ${doctorId} does not exist`);
      checkDepartment(department.state, doctor.state.hospitalId);
    }
    await this.streams.toDoctor(doctorId, { type: 'ChangeDoctor', data: { doctorId, ...change } }, freshly(metadata));
  }
}

function checkDepartment(department: { hospitalId: string } | null, hospitalId: string) {
  if (!department) throw fieldFault('reference-unknown', 'departmentId', 'names no department');
  if (department.hospitalId !== hospitalId) throw fieldFault('not-together', 'departmentId', 'belongs to another hospital');
}

export const DIRECTORY_HANDLERS = [
  AddHospitalHandler, ChangeHospitalHandler, AddHolidayHandler, RemoveHolidayHandler,
  AddDepartmentHandler, ChangeDepartmentHandler, AddDoctorHandler, ChangeDoctorHandler,
];
