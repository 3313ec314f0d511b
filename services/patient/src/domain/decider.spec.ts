import { specFor } from '@talon/testing';
import type { PatientCommand } from './commands';
import { GUARDIANS_MAX, patientDecider } from './decider';
import type { GuardianScope, PatientEvent } from './events';

const PATIENT = '11111111-1111-4111-8111-111111111111';
const GUARDIAN = '22222222-2222-4222-8222-222222222222';
const NOW = '2026-03-01T09:00:00.000Z';

const register = (requestHash = 'h1', guardianId?: string): PatientCommand => ({
  type: 'RegisterPatient',
  data: { patientId: PATIENT, requestHash, registeredBy: 'registrar:r1', ...(guardianId && { guardianId }) },
});
const registered: PatientEvent = { type: 'PatientRegistered', data: { patientId: PATIENT, requestHash: 'h1', registeredBy: 'registrar:r1' } };
const added = (guardianId: string, scope: GuardianScope = 'book', expiresAt: string | null = null): PatientEvent => ({
  type: 'GuardianAdded',
  data: { patientId: PATIENT, guardianId, scope, expiresAt },
});
const add = (guardianId: string, scope: GuardianScope = 'book', expiresAt: string | null = null, now = NOW): PatientCommand => ({
  type: 'AddGuardian',
  data: { patientId: PATIENT, guardianId, scope, expiresAt, now },
});
const erase: PatientCommand = { type: 'ErasePatient', data: { patientId: PATIENT } };
const erased: PatientEvent = { type: 'PatientErased', data: { patientId: PATIENT } };
const change = (version: number): PatientCommand => ({ type: 'RecordChange', data: { patientId: PATIENT, fields: ['name'], version } });
const changed = (version: number): PatientEvent => ({ type: 'PatientChanged', data: { patientId: PATIENT, fields: ['name'], version } });
const revoke: PatientCommand = { type: 'RevokeGuardian', data: { patientId: PATIENT, guardianId: GUARDIAN } };
const manyGuardians = (count: number, expiresAt: string | null = null) =>
  Array.from({ length: count }, (_, n) => added(`33333333-3333-4333-8333-${String(n).padStart(12, '0')}`, 'read', expiresAt));

const { given } = specFor(patientDecider);

describe('registering', () => {
  it('records the patient', () => given().when(register()).then(registered));
  it('makes the registering patient guardian of the dependant, with scope manage and no end', () =>
    given()
      .when(register('h1', GUARDIAN))
      .then({ type: 'PatientRegistered', data: { patientId: PATIENT, requestHash: 'h1', registeredBy: 'registrar:r1', guardianId: GUARDIAN } }, added(GUARDIAN, 'manage')));
  it('does nothing for a repeat', () => given(registered).when(register()).then());
  it('refuses another body under the same key', () => given(registered).when(register('h2')).thenRefused('patient/key-reused'));
  it('refuses an erased patient before it compares bodies', () => given(registered, erased).when(register('h2')).thenRefused('patient/erased'));
});

describe('changing', () => {
  it('records the names of the fields', () => given(registered).when(change(2)).then(changed(2)));
  it('does nothing for a version that is recorded', () => given(registered, changed(2)).when(change(2)).then());
  it('refuses an unknown patient', () => given().when(change(2)).thenRefused('patient/not-found'));
  it('refuses an erased patient', () => given(registered, erased).when(change(2)).thenRefused('patient/erased'));
});

describe('guardians at 2026-03-01 09:00', () => {
  it('are added', () => given(registered).when(add(GUARDIAN)).then(added(GUARDIAN)));
  it('are not added twice', () => given(registered, added(GUARDIAN)).when(add(GUARDIAN)).then());
  it('get a new scope in place of the old one', () => given(registered, added(GUARDIAN)).when(add(GUARDIAN, 'manage')).then(added(GUARDIAN, 'manage')));
  it('may be added until a millisecond from now', () =>
    given(registered).when(add(GUARDIAN, 'book', '2026-03-01T09:00:00.001Z')).then(added(GUARDIAN, 'book', '2026-03-01T09:00:00.001Z')));
  it('may not be added until now', () => given(registered).when(add(GUARDIAN, 'book', NOW)).thenRefused('patient/guardian-expired'));
  it('are not the patient, whatever else is wrong', () => given(registered).when(add(PATIENT, 'book', NOW)).thenRefused('patient/guardian-self'));
  it('are refused for an unknown patient', () => given().when(add(GUARDIAN)).thenRefused('patient/not-found'));
  it('are refused for an erased patient', () => given(registered, erased).when(add(PATIENT)).thenRefused('patient/erased'));
  it('are revoked', () => given(registered, added(GUARDIAN)).when(revoke).then({ type: 'GuardianRevoked', data: { patientId: PATIENT, guardianId: GUARDIAN } }));
  it('are revoked once', () => given(registered).when(revoke).then());
  it(`are ${GUARDIANS_MAX} at most`, () => given(registered, ...manyGuardians(GUARDIANS_MAX)).when(add(GUARDIAN)).thenRefused('patient/too-many-guardians'));
  it(`may be the ${GUARDIANS_MAX}th`, () => given(registered, ...manyGuardians(GUARDIANS_MAX - 1)).when(add(GUARDIAN)).then(added(GUARDIAN)));
  it('whose time ran out do not count', () => given(registered, ...manyGuardians(GUARDIANS_MAX, NOW)).when(add(GUARDIAN)).then(added(GUARDIAN)));
  it('with an end in the past are refused before the number is', () =>
    given(registered, ...manyGuardians(GUARDIANS_MAX)).when(add(GUARDIAN, 'book', NOW)).thenRefused('patient/guardian-expired'));
});

describe('giving up a registration that died half-way', () => {
  const abandon: PatientCommand = { type: 'AbandonRegistration', data: { patientId: PATIENT } };
  it('closes the stream', () => given().when(abandon).then(erased));
  it('so that a slow writer gives up', () => given(erased).when(register()).thenRefused('patient/erased'));
  it('leaves a registered patient alone', () => given(registered).when(abandon).then());
});

describe('erasing', () => {
  it('is recorded', () => given(registered).when(erase).then(erased));
  it('is recorded once', () => given(registered, erased).when(erase).then());
  it('refuses an unknown patient', () => given().when(erase).thenRefused('patient/not-found'));
  it('forgets guardians', () => expect(given(registered, added(GUARDIAN)).when(erase).state()).toEqual({ status: 'erased', requestHash: 'h1' }));
});
