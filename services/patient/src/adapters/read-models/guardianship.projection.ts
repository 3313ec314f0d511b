import type { RecordedEvent } from '@talon/event-sourcing';
import { type Projection, upsertRows } from '@talon/read-model';
import type { EntityManager } from 'typeorm';
import { PATIENT_CATEGORY, patientCodec } from '../../domain/events';
import { GuardianshipRow } from './guardianship.entity';

/** Keeps `patient.guardianship`. */
export const guardianshipProjection: Projection = {
  name: 'patient-guardianship',
  filter: { categories: [PATIENT_CATEGORY], types: patientCodec.namesOf('GuardianAdded', 'GuardianRevoked', 'PatientErased') },
  tables: ['patient.guardianship'],
  async apply(events: RecordedEvent[], tx: EntityManager) {
    const added = new Map<string, GuardianshipRow>();
    const flush = async () => {
      await upsertRows(tx, GuardianshipRow, [...added.values()]);
      added.clear();
    };
    for (const recorded of events) {
      const event = patientCodec.decode(recorded);
      if (event.type === 'GuardianAdded') {
        const { patientId, guardianId, scope, expiresAt } = event.data;
        added.set(`${guardianId} ${patientId}`, Object.assign(new GuardianshipRow(), { patientId, guardianId, scope, expiresAt }));
      } else if (event.type === 'GuardianRevoked') {
        await flush();
        await tx.delete(GuardianshipRow, { patientId: event.data.patientId, guardianId: event.data.guardianId });
      } else if (event.type === 'PatientErased') {
        await flush();
        await tx.delete(GuardianshipRow, { patientId: event.data.patientId });
        await tx.delete(GuardianshipRow, { guardianId: event.data.patientId });
      }
    }
    await flush();
  },
};
