import type { Reaction } from '@talon/read-model';
import { PATIENT_CATEGORY, patientCodec } from '../../domain/events';
import type { Vault } from '../../application/ports';

/** Finishes erasures whose process died between the event and the vault. */
export const erasureReaction = (vault: Vault): Reaction => ({
  name: 'patient-erasure',
  filter: { categories: [PATIENT_CATEGORY], types: patientCodec.namesOf('PatientErased') },
  async handle(events) {
    for (const recorded of events) {
      const event = patientCodec.decode(recorded);
      if (event.type === 'PatientErased') await vault.destroy(event.data.patientId);
    }
  },
});
