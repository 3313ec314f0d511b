import type { DevTokenRequest } from '@talon/http';
import type { Api } from './api';

export const AUTHORITY: DevTokenRequest = { role: 'authority-admin' };

export interface Clinic {
  hospitalId: string;
  departmentId: string;
  doctorId: string;
}

export interface Booked {
  bookingId: string;
  patientId: string;
  sessionId: string;
  slot: number;
  status: string;
}

export interface PlannedSession {
  sessionId: string;
  slotCount: number;
}

/** A hospital with a department and a doctor. Names are not unique, on purpose. */
export async function openClinic(api: Api, name: string, settings: object = {}): Promise<Clinic> {
  const { hospitalId } = await api.must<Clinic>('POST', '/v1/hospitals', { as: AUTHORITY, body: { name, zone: 'Europe/Madrid', ...settings } });
  const { departmentId } = await api.must<Clinic>('POST', '/v1/departments', { as: AUTHORITY, body: { hospitalId, name: 'Cardiology' } });
  const doctorId = await addDoctor(api, { hospitalId, departmentId });
  return { hospitalId, departmentId, doctorId };
}

export async function addDoctor(api: Api, { hospitalId, departmentId }: Omit<Clinic, 'doctorId'>): Promise<string> {
  const { doctorId } = await api.must<Clinic>('POST', '/v1/doctors', { as: AUTHORITY, body: { hospitalId, departmentId, name: 'Dr. Ana Ruiz' } });
  return doctorId;
}

/** A session of numbered tickets on a local day, 09:00 to 12:00 unless told otherwise. */
export async function planSession(api: Api, { doctorId, departmentId }: Clinic, date: string, more: object = { tickets: 20 }): Promise<string> {
  const body = { doctorId, departmentId, date, start: '09:00', end: '12:00', ...more };
  return (await api.must<PlannedSession>('POST', '/v1/sessions', { as: AUTHORITY, body })).sessionId;
}

/** Registers a person; the same number is the same person. */
export async function registerPatient(api: Api, number: number): Promise<string> {
  const body = { name: { family: `Family ${number}`, given: 'Given' }, birthDate: '1980-02-29' };
  return (await api.must<{ patientId: string }>('POST', '/v1/patients', { as: AUTHORITY, key: `patient-${number}`, body })).patientId;
}

export const book = (api: Api, as: DevTokenRequest, key: string, body: { patientId: string; sessionId: string; slot?: number }) =>
  api.ask<Booked>('POST', '/v1/bookings', { as, key, body });
