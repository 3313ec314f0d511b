import { Inject, Injectable } from '@nestjs/common';
import { commandHandler, EventStore, fold, type Event, type EventCodec, type EventMetadata, type RecordedEvent } from '@talon/event-sourcing';
import { newId } from '@talon/kernel';
import { agendaCodec, agendaDecider } from '../domain/agenda';
import { departmentCodec, departmentDecider } from '../domain/department';
import { doctorCodec, doctorDecider } from '../domain/doctor';
import { hospitalCodec, hospitalDecider } from '../domain/hospital';
import { sessionCodec, sessionDecider } from '../domain/session';
import { templateCodec, templateDecider } from '../domain/template';

/** Streams per store call; more wait for the next one. */
const READ_MAX = 500;

type Folding<State, E extends Event> = { decider: { initialState: State; evolve(state: State, event: E): State }; codec: EventCodec<E> };
export interface Loaded<State> { state: State; /** -1: no such stream. */ revision: number }

/**
 * Every stream of this service, read and written by name. Reads of one tick travel in one call to the store, so hundreds of callers that ask for
 * facts at once cost one round trip; each read begins after it was asked for, so it is as strong as a read of its own.
 */
@Injectable()
export class ScheduleStreams {
  private readonly waiting = new Map<string, ((events: RecordedEvent[]) => void)[]>();
  private readonly failing = new Map<string, ((error: unknown) => void)[]>();
  private scheduled = false;

  readonly toHospital;
  readonly toDepartment;
  readonly toDoctor;
  readonly toAgenda;
  readonly toSession;
  readonly toTemplate;

  constructor(@Inject(EventStore) private readonly store: EventStore) {
    this.toHospital = commandHandler({ store, decider: hospitalDecider, codec: hospitalCodec, category: 'hospital' });
    this.toDepartment = commandHandler({ store, decider: departmentDecider, codec: departmentCodec, category: 'department' });
    this.toDoctor = commandHandler({ store, decider: doctorDecider, codec: doctorCodec, category: 'doctor' });
    this.toAgenda = commandHandler({ store, decider: agendaDecider, codec: agendaCodec, category: 'agenda' });
    this.toSession = commandHandler({ store, decider: sessionDecider, codec: sessionCodec, category: 'session' });
    this.toTemplate = commandHandler({ store, decider: templateDecider, codec: templateCodec, category: 'template' });
  }

  hospital = (id: string) => this.load({ decider: hospitalDecider, codec: hospitalCodec }, `hospital-${id}`);
  department = (id: string) => this.load({ decider: departmentDecider, codec: departmentCodec }, `department-${id}`);
  doctor = (id: string) => this.load({ decider: doctorDecider, codec: doctorCodec }, `doctor-${id}`);
  session = (id: string) => this.load({ decider: sessionDecider, codec: sessionCodec }, `session-${id}`);
  template = (id: string) => this.load({ decider: templateDecider, codec: templateCodec }, `template-${id}`);

  private async load<State, E extends Event>({ decider, codec }: Folding<State, E>, stream: string): Promise<Loaded<State>> {
    const recorded = await this.read(stream);
    return { state: fold<State, E>(decider, recorded.map((event) => codec.decode(event))), revision: recorded.length - 1 };
  }

  private read(stream: string): Promise<RecordedEvent[]> {
    return new Promise((resolve, reject) => {
      this.waiting.set(stream, [...(this.waiting.get(stream) ?? []), resolve]);
      this.failing.set(stream, [...(this.failing.get(stream) ?? []), reject]);
      if (this.scheduled) return;
      this.scheduled = true;
      setImmediate(() => this.flush());
    });
  }

  private flush() {
    const waiting = [...this.waiting];
    const failing = new Map(this.failing);
    this.waiting.clear();
    this.failing.clear();
    this.scheduled = false;
    for (let from = 0; from < waiting.length; from += READ_MAX) {
      const part = waiting.slice(from, from + READ_MAX);
      this.store.readStreams(part.map(([stream]) => stream)).then(
        (found) => part.forEach(([stream, resolvers]) => resolvers.forEach((resolve) => resolve(found.get(stream) ?? []))),
        (error: unknown) => part.forEach(([stream]) => failing.get(stream)?.forEach((reject) => reject(error))),
      );
    }
  }
}

/** A fresh command: its events cannot be mistaken for those of another one. */
export const freshly = (metadata: EventMetadata): EventMetadata & { commandId: string } => ({ ...metadata, commandId: newId() });
