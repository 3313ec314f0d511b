import type { GoodParts } from '@talon/testing';
import type { Api } from './api';
import { AUTHORITY, type Clinic, addDoctor, book, planSession, registerPatient } from './region';

const DATE = '2051-03-06';

/** Real ids for every operation; what ends or withdraws something has one of its own, as some spoiled requests are legal. */
export async function goodParts(api: Api, clinic: Clinic, patientId: string): Promise<GoodParts> {
  const { hospitalId, departmentId, doctorId } = clinic;
  const session = await planSession(api, clinic, DATE);
  const timed = await planSession(api, clinic, '2051-03-07', { slotMinutes: 15 });
  const [withdrawn, suspended, resumed] = await Promise.all(['2051-03-08', '2051-03-09', '2051-03-10'].map((date) => planSession(api, clinic, date)));
  const [other, erased, guardianId] = await Promise.all([2, 3, 4].map((number) => registerPatient(api, number)));
  await api.must('POST', `/v1/patients/${other}/guardians`, { as: AUTHORITY, body: { guardianId, scope: 'book', expiresAt: '2052-01-01T00:00:00Z' } });
  const bookings = await Promise.all(['read', 'cancel', 'move'].map((key) => book(api, AUTHORITY, key, { patientId, sessionId: session })));
  const [read, cancelled, moved] = bookings.map(({ body }) => body.bookingId);
  const week = { entries: [{ weekday: 2, start: '13:00', end: '14:00', tickets: 5 }], validFrom: '2051-04-01' };
  const newTemplate = async () => {
    const body = { doctorId: await addDoctor(api, clinic), departmentId, ...week };
    return (await api.must<{ templateId: string }>('POST', '/v1/templates', { as: AUTHORITY, body })).templateId;
  };
  const [template, changed, ended] = await Promise.all([newTemplate(), newTemplate(), newTemplate()]);
  await api.must('POST', `/v1/hospitals/${hospitalId}/holidays`, { as: AUTHORITY, body: { date: '2051-12-25', name: 'Christmas' } });
  const path = (id: string) => ({ path: { id } });
  return {
    hospital_change: { ...path(hospitalId), body: { name: 'Hospital Clínico', zone: 'Europe/Madrid', bookingsPerPatientDayMax: 100, holdMinutes: 5 } }, hospital_get: path(hospitalId), hospital_addHoliday: path(hospitalId), hospital_holidays: path(hospitalId),
    hospital_removeHoliday: { path: { id: hospitalId, date: '2051-12-25' } },
    department_add: { body: { hospitalId, name: 'Cardiology', specialty: 'Cardiology' } }, department_change: path(departmentId), department_get: path(departmentId),
    department_list: { query: { hospital: hospitalId } },
    doctor_add: { body: { hospitalId, departmentId, name: 'Dr. Ana Ruiz', specialty: 'Cardiology' } },
    doctor_change: { ...path(doctorId), body: { name: 'Dr. Ana Ruiz', specialty: 'Cardiology', departmentId } }, doctor_get: path(doctorId),
    doctor_list: { query: { hospital: hospitalId, department: departmentId } },
    session_plan: { body: { doctorId, departmentId, date: '2051-05-02', zone: 'Europe/Madrid', start: '09:00', end: '12:00', slotMinutes: 15, price: { amountMinor: 2500, currency: 'EUR' }, opensAt: '2051-04-24T07:00:00Z' } },
    session_get: path(session), session_addSlots: { ...path(timed), body: { slots: [{ start: '11:00', end: '11:15' }], reason: 'More demand' } },
    session_withdraw: { ...path(withdrawn!), body: { numbers: [3, 4], reason: 'The doctor is ill' } }, session_suspend: path(suspended!), session_resume: path(resumed!),
    availability_find: { query: { hospital: hospitalId, department: departmentId, doctor: doctorId } },
    template_create: { body: { doctorId, departmentId, zone: 'Europe/Madrid', ...week, exceptions: ['2051-12-24'], planDaysAhead: 28, opens: { daysBefore: 7, time: '08:00' } } },
    template_get: path(template), template_change: { ...path(changed), body: { ...week, planDaysAhead: 28 } }, template_end: path(ended),
    template_list: { query: { hospital: hospitalId, doctor: doctorId } },
    patient_read: path(patientId), patient_change: { ...path(other!), body: { name: { family: 'Pérez García', given: 'Lucía' }, birthDate: '1980-02-29', documents: [{ kind: 'passport', number: 'XDA654321' }], contacts: [{ kind: 'email', value: 'a@example.org' }] } }, patient_erase: path(erased!),
    guardian_add: { ...path(other!), body: { guardianId, scope: 'book', expiresAt: '2052-01-01T00:00:00Z' } }, guardian_list: path(other!),
    guardian_revoke: { path: { id: other!, guardianId: guardianId! } },
    booking_book: { body: { patientId, sessionId: session } }, booking_list: { query: { patient: patientId, session } },
    booking_read: path(read!), booking_cancel: path(cancelled!), booking_reschedule: { ...path(moved!), body: { sessionId: session, slot: 12 } },
    drift_drift: { path: { sessionId: session } },
  };
}
