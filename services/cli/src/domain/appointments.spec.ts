import { checkAppointments, missingColumns, planReplay } from './appointments';

const record = (changes: Record<string, string> = {}) => ({
  PatientId: '29872499824296', AppointmentID: '5642903', ScheduledDay: '2016-04-29T18:38:08Z', AppointmentDay: '2016-04-29T00:00:00Z', Age: '62', Neighbourhood: 'JARDIM DA PENHA',
  ...changes,
});
const reasonFor = (changes: Record<string, string>) => checkAppointments([record(changes)]).rejected[0]?.reason;

describe('checking an appointments file', () => {
  it('keeps patient ids as text', () => {
    expect(checkAppointments([record({ PatientId: '14172416655E-5' })]).valid[0]!.patientId).toBe('14172416655E-5');
  });
  it('knows a patient all of whose appointments are rejected', () => {
    const { patients, valid } = checkAppointments([record({ AppointmentDay: '2016-04-28T00:00:00Z' })]);
    expect([valid.length, patients]).toEqual([0, [{ patientId: '29872499824296', ageYears: 62, asOfYear: 2016 }]]);
  });
  it('takes an appointment on the day of its booking', () => expect(reasonFor({})).toBeUndefined());
  it('rejects an appointment on the day before its booking', () => expect(reasonFor({ AppointmentDay: '2016-04-28T00:00:00Z' })).toMatch(/before ScheduledDay/));
  it('rejects a day that does not exist', () => expect(reasonFor({ AppointmentDay: '2016-02-30T00:00:00Z' })).toMatch(/AppointmentDay/));
  it('rejects an id that occurred before, naming the second row', () => {
    expect(checkAppointments([record(), record({ PatientId: '2' })]).rejected).toEqual([{ row: 3, appointmentId: '5642903', reason: 'AppointmentID 5642903 occurs twice' }]);
  });
  it('rejects an empty column by its name', () => expect(reasonFor({ Neighbourhood: ' ' })).toBe('Neighbourhood is empty'));
  it('names missing columns', () => expect(missingColumns(['PatientId', 'AppointmentID', 'ScheduledDay', 'Age', 'Neighbourhood'])).toEqual(['AppointmentDay']));
});

describe('planning a replay', () => {
  const { valid } = checkAppointments([
    record({ AppointmentID: '1000' }),
    record({ AppointmentID: '999' }),
    record({ AppointmentID: '3', ScheduledDay: '2016-04-28T10:00:00Z', Neighbourhood: 'CENTRO' }),
  ]);
  it('orders bookings by day, instant, then by id as a number', () => {
    expect(planReplay(valid).days.map(({ day, bookings }) => [day, ...bookings.map(({ appointmentId }) => appointmentId)])).toEqual([
      ['2016-04-28', '3'],
      ['2016-04-29', '999', '1000'],
    ]);
  });
  it('plans one session per hospital and day with a ticket per valid appointment', () => {
    expect(planReplay(valid).sessions).toEqual([
      { neighbourhood: 'CENTRO', day: '2016-04-29', tickets: 1 },
      { neighbourhood: 'JARDIM DA PENHA', day: '2016-04-29', tickets: 2 },
    ]);
  });
  it('stops after the day given, and plans the same sessions', () => {
    const plan = planReplay(valid, '2016-04-28');
    expect([plan.days.length, plan.sessions.length, plan.beginsAt]).toEqual([1, 2, '2016-04-28T10:00:00.000Z']);
    expect(planReplay(valid, '2016-04-27')).toMatchObject({ days: [], beginsAt: '2016-04-28T10:00:00.000Z' });
  });
});
