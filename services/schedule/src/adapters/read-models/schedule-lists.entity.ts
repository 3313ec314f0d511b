import type { Money } from '@talon/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ schema: 'schedule', name: 'hospital' })
export class HospitalRow {
  @PrimaryColumn({ name: 'hospital_id', type: 'uuid' }) hospitalId: string;
  @Column({ type: 'text' }) name: string;
  @Column({ type: 'text' }) zone: string;
  @Column({ name: 'bookings_per_patient_day_max', type: 'integer' }) bookingsPerPatientDayMax: number;
  @Column({ name: 'hold_minutes', type: 'integer' }) holdMinutes: number;
}

@Entity({ schema: 'schedule', name: 'department' })
export class DepartmentRow {
  @PrimaryColumn({ name: 'department_id', type: 'uuid' }) departmentId: string;
  @Column({ name: 'hospital_id', type: 'uuid' }) hospitalId: string;
  @Column({ type: 'text' }) name: string;
  @Column({ type: 'text', nullable: true }) specialty: string | null;
}

@Entity({ schema: 'schedule', name: 'doctor' })
export class DoctorRow {
  @PrimaryColumn({ name: 'doctor_id', type: 'uuid' }) doctorId: string;
  @Column({ name: 'hospital_id', type: 'uuid' }) hospitalId: string;
  @Column({ name: 'department_id', type: 'uuid' }) departmentId: string;
  @Column({ type: 'text' }) name: string;
  @Column({ type: 'text', nullable: true }) specialty: string | null;
}

@Entity({ schema: 'schedule', name: 'session' })
export class SessionRow {
  @PrimaryColumn({ name: 'session_id', type: 'uuid' }) sessionId: string;
  @Column({ name: 'hospital_id', type: 'uuid' }) hospitalId: string;
  @Column({ name: 'department_id', type: 'uuid' }) departmentId: string;
  @Column({ name: 'doctor_id', type: 'uuid' }) doctorId: string;
  @Column({ type: 'text' }) date: string;
  @Column({ type: 'text' }) zone: string;
  @Column({ name: 'starts_at', type: 'text' }) startsAt: string;
  @Column({ name: 'ends_at', type: 'text' }) endsAt: string;
  @Column({ type: 'jsonb', nullable: true }) price: Money | null;
  @Column({ name: 'opens_at', type: 'text', nullable: true }) opensAt: string | null;
  @Column({ type: 'boolean' }) suspended: boolean;
  /** Slots, withdrawn ones left out. */
  @Column({ type: 'integer' }) capacity: number;
  /** Of the last event applied: the same event again changes nothing. */
  @Column({ type: 'integer' }) revision: number;
}

@Entity({ schema: 'schedule', name: 'template' })
export class TemplateRow {
  @PrimaryColumn({ name: 'template_id', type: 'uuid' }) templateId: string;
  @Column({ name: 'hospital_id', type: 'uuid' }) hospitalId: string;
  @Column({ name: 'doctor_id', type: 'uuid' }) doctorId: string;
  @Column({ type: 'boolean' }) ended: boolean;
}

export const SCHEDULE_ENTITIES = [HospitalRow, DepartmentRow, DoctorRow, SessionRow, TemplateRow];
