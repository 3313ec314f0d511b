import type { EventCodec } from '@talon/event-sourcing';
import { agendaCodec, agendaDecider } from './agenda';
import { departmentCodec, departmentDecider } from './department';
import { doctorCodec, doctorDecider } from './doctor';
import { hospitalCodec, hospitalDecider } from './hospital';
import { sessionCodec, sessionDecider } from './session';
import samples from './stored-events.json';
import { templateCodec, templateDecider } from './template';

// Append-only: a sample that was ever shipped is somewhere in somebody's log.
const CODECS: Record<string, EventCodec<never>> = {
  hospital: hospitalCodec as never, department: departmentCodec as never, doctor: doctorCodec as never, agenda: agendaCodec as never,
  session: sessionCodec as never, template: templateCodec as never,
};

const samplesOf = (category: string) => samples.filter((sample) => sample.category === category);

describe.each(Object.keys(CODECS))('stored events of category %s', (category) => {
  const codec = CODECS[category]!;
  it('have a sample for every stored name', () => {
    expect(samplesOf(category).map(({ type }) => type).sort()).toEqual([...codec.storedNames].sort());
  });
  it('in the current version come back as they were written', () => {
    for (const { type, data } of samplesOf(category)) {
      const stored = { type, data };
      expect(codec.encode(codec.decode(stored))).toEqual(stored);
    }
  });
});

describe('the samples, one after the other', () => {
  const fold = (category: string, decider: { initialState: unknown; evolve(state: never, event: never): unknown }) =>
    samplesOf(category).reduce((state, { type, data }) => decider.evolve(state as never, CODECS[category]!.decode({ type, data })), decider.initialState);

  it('fold into the state they stand for', () => {
    expect(fold('hospital', hospitalDecider)).toMatchObject({ bookingsPerPatientDayMax: 2, holidays: new Map() });
    expect(fold('department', departmentDecider)).toMatchObject({ specialty: 'heart' });
    expect(fold('doctor', doctorDecider)).toMatchObject({ departmentId: 'd2', specialty: 'heart' });
    expect(fold('agenda', agendaDecider)).toHaveLength(1);
    expect(fold('session', sessionDecider)).toMatchObject({ suspended: false, withdrawn: new Set([3, 4]), slots: { length: 31 } });
    expect(fold('template', templateDecider)).toMatchObject({ ended: true, validTo: '2027-06-30', skipped: [{ date: '2026-12-08' }] });
  });
});
