import { type Outbound, patientEvents } from '@talon/contracts';
import { PATIENT_CATEGORY, patientCodec } from '../../domain/events';

const { patientRegistered, patientErased } = patientEvents;

/** What the world learns about patients: that an id exists, and that it was erased. */
export const patientOutbound: Outbound = {
  categories: [PATIENT_CATEGORY],
  storedNames: {
    ...Object.fromEntries(patientCodec.namesOf('PatientRegistered').map((name) => [name, [patientRegistered.type]])),
    ...Object.fromEntries(patientCodec.namesOf('PatientErased').map((name) => [name, [patientErased.type]])),
  },
  map(recorded) {
    const event = patientCodec.decode(recorded);
    switch (event.type) {
      case 'PatientRegistered':
        return patientRegistered.of({ patientId: event.data.patientId });
      case 'PatientErased':
        return patientErased.of({ patientId: event.data.patientId });
      default:
        return null;
    }
  },
};
