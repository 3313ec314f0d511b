import { deriveId } from '@talon/kernel';
import type { EventCodec } from './codec';
import { type Decider, fold } from './decider';
import type { Event, EventMetadata, StoredEvent } from './event';
import { type EventStore, WrongRevisionError } from './event-store';

/** In all, not extra. A conflict that survives them surfaces to the caller. */
export const COMMAND_ATTEMPTS_MAX = 3;

export interface Handled<State, E> {
  state: State;
  /** What this call decided; empty for a repeat. */
  events: E[];
  /** The stream's last revision afterwards, -1 when it does not exist. */
  revision: number;
  /** Position of the last event appended; undefined when nothing was. */
  position?: number;
}

/**
 * Reads the stream, decides, appends at the revision it read. On a conflict it reads and decides again, three attempts in all.
 * Event ids derive from `commandId`, so repeating a command whose outcome is unknown stores nothing twice. Two different commands must not share an id.
 */
export function commandHandler<State, Command, E extends Event>(setup: {
  store: EventStore;
  decider: Decider<State, Command, E>;
  codec: EventCodec<E>;
  category: string;
}) {
  const { store, decider, codec, category } = setup;
  return async (id: string, command: Command, metadata: EventMetadata & { commandId: string }): Promise<Handled<State, E>> => {
    const stream = `${category}-${id}`;
    for (let attempt = 1; ; attempt++) {
      const recorded = await store.readStream(stream);
      const revision = recorded.length - 1;
      const before = fold<State, E>(decider, recorded.map((event) => codec.decode(event)));
      const events = decider.decide(command, before);
      const state = events.reduce((current, event) => decider.evolve(current, event), before);
      if (events.length === 0) return { state, events, revision };
      try {
        const appended = await store.append(stream, revision < 0 ? 'none' : revision, toStored(codec, events, metadata));
        return { state, events, revision: appended.revision, position: appended.position };
      } catch (error) {
        if (!(error instanceof WrongRevisionError) || attempt >= COMMAND_ATTEMPTS_MAX) throw error;
      }
    }
  };
}

/** Gives events their ids (`commandId` + index) and stored names. */
export function toStored<E extends Event>(codec: EventCodec<E>, events: E[], metadata: EventMetadata & { commandId: string }): StoredEvent[] {
  const { commandId, ...rest } = metadata;
  return events.map((event, index) => ({ id: deriveId(commandId, String(index)), ...codec.encode(event), metadata: { causationId: commandId, ...rest } }));
}
