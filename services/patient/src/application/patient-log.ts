import { Inject, Injectable } from '@nestjs/common';
import { type EventMetadata, type Handled, EventStore, WrongRevisionError, commandHandler, fold, toStored } from '@talon/event-sourcing';
import type { PatientCommand } from '../domain/commands';
import { type Patient, patientDecider } from '../domain/decider';
import { PATIENT_CATEGORY, type PatientEvent, patientCodec } from '../domain/events';
import { batched } from './batch';

/** Reads of one moment that share one query. */
const READ_BATCH_MAX = 500;

/** The streams `patient-<id>`: folds them and appends what the decider says. */
@Injectable()
export class PatientLog {
  private readonly decideAndAppend;
  private readonly readOne;

  constructor(@Inject(EventStore) private readonly store: EventStore) {
    this.decideAndAppend = commandHandler({ store, decider: patientDecider, codec: patientCodec, category: PATIENT_CATEGORY });
    this.readOne = batched<string, Patient>(READ_BATCH_MAX, (ids) => this.readMany(ids));
  }

  /** As the log says now. Concurrent calls share one query. */
  read(patientId: string): Promise<Patient> {
    return this.readOne(patientId);
  }

  handle(patientId: string, command: PatientCommand, metadata: EventMetadata & { commandId: string }): Promise<Handled<Patient, PatientEvent>> {
    return this.decideAndAppend(patientId, command, metadata);
  }

  /** As `handle`, without reading first: for streams that almost certainly do not exist yet. */
  async handleNew(patientId: string, command: PatientCommand, metadata: EventMetadata & { commandId: string }): Promise<void> {
    const events = patientDecider.decide(command, patientDecider.initialState);
    try {
      await this.store.append(streamOf(patientId), 'none', toStored(patientCodec, events, metadata));
    } catch (error) {
      if (!(error instanceof WrongRevisionError)) throw error;
      await this.handle(patientId, command, metadata);
    }
  }

  private async readMany(ids: string[]): Promise<Patient[]> {
    const streams = await this.store.readStreams([...new Set(ids.map(streamOf))]);
    return ids.map((id) => fold<Patient, PatientEvent>(patientDecider, (streams.get(streamOf(id)) ?? []).map((event) => patientCodec.decode(event))));
  }
}

const streamOf = (patientId: string) => `${PATIENT_CATEGORY}-${patientId}`;
