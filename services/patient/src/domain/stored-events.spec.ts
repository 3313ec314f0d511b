import { patientCodec } from './events';
import samples from './stored-events.json';

it.each(samples.map((sample) => [sample.stored.type, sample] as const))('%s decodes to the current shape', (_, { stored, current }) => expect(patientCodec.decode(stored)).toEqual(current));

it('has a sample of every stored name', () => expect(new Set(samples.map((sample) => sample.stored.type))).toEqual(new Set(patientCodec.storedNames)));

it('stops at a name it does not know', () => expect(() => patientCodec.decode({ type: 'PatientRegistered.v99', data: {} })).toThrow('unknown stored event'));
