import type { Actor, Role } from '@talon/kernel';
import { type RecordAccess, mayAccess, mayAct, registrant } from './access';
import type { ActivePatient, Patient } from './decider';
import type { GuardianScope } from './events';

const PATIENT = '11111111-1111-4111-8111-111111111111';
const GUARDIAN = '22222222-2222-4222-8222-222222222222';
const ENDS = '2026-03-01T09:00:00.000Z';
const BEFORE = '2026-03-01T08:59:59.999Z';

const patientWith = (scope: GuardianScope, expiresAt: string | null = ENDS): ActivePatient => ({
  status: 'active',
  requestHash: 'h',
  registeredBy: 'portal:p1',
  version: 1,
  guardians: { [GUARDIAN]: { scope, expiresAt } },
});
const actor = (role: Role, more: Partial<Actor> = {}): Actor => ({ subject: 's1', roles: [role], hospitalIds: [], ...more });
const guardian = actor('patient', { patientId: GUARDIAN });
const may = (who: Actor, patient: Patient = patientWith('book'), now = BEFORE) =>
  (['read', 'change', 'guardians', 'erase'] as RecordAccess[]).filter((access) => mayAccess(who, access, PATIENT, patient, now)).join(' ');

describe('a grant that ends at 09:00', () => {
  it('holds a millisecond before', () => expect(mayAct(patientWith('book'), GUARDIAN, 'book', BEFORE)).toBe(true));
  it('does not hold at 09:00', () => expect(mayAct(patientWith('book'), GUARDIAN, 'book', ENDS)).toBe(false));
  it('does not open the record at 09:00', () => expect([may(guardian, patientWith('manage')), may(guardian, patientWith('manage'), ENDS)]).toEqual(['read change guardians', '']));
  it('never ends without an end', () => expect(mayAct(patientWith('book', null), GUARDIAN, 'book', '2999-01-01T00:00:00.000Z')).toBe(true));
});

describe('scopes', () => {
  it.each([
    ['read', 'read'],
    ['book', 'read book'],
    ['manage', 'read book manage'],
  ] as const)('%s allows %s', (scope, allowed) => {
    const scopes: GuardianScope[] = ['read', 'book', 'manage'];
    expect(scopes.filter((asked) => mayAct(patientWith(scope), GUARDIAN, asked, BEFORE)).join(' ')).toBe(allowed);
  });
  it('belong to one guardian', () => expect(mayAct(patientWith('manage'), PATIENT, 'read', BEFORE)).toBe(false));
  it('are not inherited from Object', () => expect(mayAct(patientWith('manage'), 'constructor', 'read', BEFORE)).toBe(false));
  it('end with the patient', () => expect(mayAct({ status: 'erased', requestHash: 'h' }, GUARDIAN, 'read', BEFORE)).toBe(false));
});

describe('the record may be used', () => {
  it('by the patient in every way', () => expect(may(actor('patient', { patientId: PATIENT }))).toBe('read change guardians erase'));
  it('by the account that registered itself, while its token names no patient', () => {
    const self = { ...patientWith('book'), registeredBy: 'patient:s1' };
    expect([may(actor('patient'), self), may(actor('patient', { subject: 's2' }), self), may(actor('patient'), { ...self, guardianId: GUARDIAN })]).toEqual(['read change guardians erase', '', '']);
  });
  it('by a guardian as the scope says', () => expect((['read', 'book', 'manage'] as const).map((scope) => may(guardian, patientWith(scope)))).toEqual(['read', '', 'read change guardians']));
  it('by the portal that registered it, not by another', () =>
    expect([may(actor('portal', { portalId: 'p1' })), may(actor('portal', { portalId: 'p2' })), may(actor('portal', { subject: 'p1', portalId: 'p2' }))]).toEqual(['read change', '', '']));
  it('by staff, who do not erase', () => expect([may(actor('registrar')), may(actor('hospital-admin')), may(actor('authority-admin'))]).toEqual(['read change guardians', 'read change guardians', 'read change guardians erase']));
  it('not by doctors, operators and other patients', () => expect([may(actor('doctor')), may(actor('operator')), may(actor('patient', { patientId: '33333333-3333-4333-8333-333333333333' }))]).toEqual(['', '', '']));
});

it('a registrant is staff before portal before patient', () =>
  expect([registrant(actor('patient')), registrant(actor('portal', { portalId: 'p1' })), registrant({ ...actor('patient'), roles: ['patient', 'registrar'] })]).toEqual(['patient:s1', 'portal:p1', 'registrar:s1']));
