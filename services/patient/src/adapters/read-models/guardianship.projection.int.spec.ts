import type { StoredEvent } from '@talon/event-sourcing';
import { type PatientApp, startPatientApp } from '../../testing/patient-app';

const [A, B, GUARDIAN] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222', '33333333-3333-4333-8333-333333333333'];
const stored = (type: string, data: object): StoredEvent => ({ id: crypto.randomUUID(), type, data, metadata: { at: '2026-03-01T09:00:00.000Z' } });
const registered = (patientId: string) => stored('PatientRegistered.v1', { patientId, requestHash: 'h', registeredBy: 'registrar:r1' });
const added = (patientId: string, guardianId: string, scope: string) => stored('GuardianAdded.v1', { patientId, guardianId, scope, expiresAt: null });
const revoked = (patientId: string, guardianId: string) => stored('GuardianRevoked.v1', { patientId, guardianId });

let app: PatientApp;
beforeAll(async () => void (app = await startPatientApp()), 60_000);
afterAll(() => app.stop());
const rows = async () => {
  await app.feeds.caughtUp('patient-guardianship');
  return app.dataSource.query('SELECT patient_id, guardian_id, scope FROM patient.guardianship ORDER BY patient_id, guardian_id');
};

it('keeps the last grant of each guardian, and a rebuild gives the same rows', async () => {
  await app.store.append(`patient-${A}`, 'none', [registered(A), added(A, GUARDIAN, 'read'), added(A, GUARDIAN, 'book'), added(A, B, 'manage'), revoked(A, B), added(A, B, 'read')]);
  await app.store.append(`patient-${B}`, 'none', [registered(B), added(B, GUARDIAN, 'manage'), revoked(B, GUARDIAN)]);
  const expected = [
    { patient_id: A, guardian_id: B, scope: 'read' },
    { patient_id: A, guardian_id: GUARDIAN, scope: 'book' },
  ];
  expect(await rows()).toEqual(expected);
  expect(await app.feeds.rebuild('patient-guardianship')).toMatchObject({ rows: 2, differences: 0 });
  expect(await rows()).toEqual(expected);
});

it('forgets whom an erased patient acted for, and who acted for them', async () => {
  await app.store.append(`patient-${B}`, 2, [stored('PatientErased.v1', { patientId: B })]);
  expect(await rows()).toEqual([{ patient_id: A, guardian_id: GUARDIAN, scope: 'book' }]);
  await app.store.append(`patient-${A}`, 5, [stored('PatientErased.v1', { patientId: A })]);
  expect(await rows()).toEqual([]);
});
