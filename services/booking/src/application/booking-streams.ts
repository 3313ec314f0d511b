import { Injectable } from '@nestjs/common';
import { EventStore, type EventMetadata, type RecordedEvent, UnknownOutcomeError, WrongRevisionError, fold } from '@talon/event-sourcing';
import { commonError, deriveId } from '@talon/kernel';
import type { Happened } from '../domain/booking-process';
import type { BookingCommand } from '../domain/commands';
import { type Booking, bookingDecider } from '../domain/decider';
import { type BookingEvent, bookingCodec, bookingStream } from '../domain/events';

/** Streams per question to the store. */
const READ_STREAMS_MAX = 500;
/** In all, not extra. A conflict that survives them surfaces to the caller. */
const DECIDE_ATTEMPTS_MAX = 3;

/** A booking as its stream says. */
export interface Loaded {
  booking: Booking;
  history: Happened[];
  /** -1: no stream. */
  revision: number;
}

export interface Decided extends Loaded {
  /** What this call added; empty when it was done already. */
  added: Happened[];
}

type Commanded = EventMetadata & { commandId: string };

/** Reads, decides and appends bookings. Reads of one tick travel in one question. */
@Injectable()
export class BookingStreams {
  private waiting = new Map<string, { resolve: (loaded: Loaded) => void; reject: (error: unknown) => void }[]>();

  constructor(private readonly store: EventStore) {}

  load(bookingId: string): Promise<Loaded> {
    return new Promise((resolve, reject) => {
      if (this.waiting.size === 0) setImmediate(() => void this.flush());
      const others = this.waiting.get(bookingId);
      if (others) others.push({ resolve, reject });
      else this.waiting.set(bookingId, [{ resolve, reject }]);
    });
  }

  async loadAll(bookingIds: string[]): Promise<Map<string, Loaded>> {
    const loaded = await Promise.all(bookingIds.map((id) => this.load(id)));
    return new Map(bookingIds.map((id, index) => [id, loaded[index]!]));
  }

  /**
   * Appends decided events at the revision they were decided on.
   * @throws {WrongRevisionError} somebody else was first
   * @throws {DomainError} `talon/unavailable` when the outcome is unknown
   */
  async append(bookingId: string, revision: number, events: BookingEvent[], { commandId, ...metadata }: Commanded): Promise<Happened[]> {
    const added = events.map((event, index) => ({ id: deriveId(commandId, String(index)), event }));
    const stored = added.map(({ id, event }) => ({ id, ...bookingCodec.encode(event), metadata: { causationId: commandId, ...metadata } }));
    try {
      await this.store.append(bookingStream(bookingId), revision < 0 ? 'none' : revision, stored);
    } catch (error) {
      if (error instanceof UnknownOutcomeError) throw commonError('unavailable', 'The event store did not say whether this was recorded');
      throw error;
    }
    return added;
  }

  /**
   * Reads, decides, appends; three attempts in all on conflicts. Event ids derive from `commandId`.
   * @throws {DomainError} what the decider refuses; `talon/conflict`, `talon/unavailable`
   */
  async decide(bookingId: string, command: BookingCommand, metadata: Commanded): Promise<Decided> {
    for (let attempt = 1; attempt <= DECIDE_ATTEMPTS_MAX; attempt++) {
      const loaded = await this.load(bookingId);
      const events = bookingDecider.decide(command, loaded.booking);
      if (events.length === 0) return { ...loaded, added: [] };
      try {
        const added = await this.append(bookingId, loaded.revision, events, metadata);
        const booking = events.reduce<Booking>((state, event) => bookingDecider.evolve(state, event), loaded.booking);
        return { booking, added, history: [...loaded.history, ...added], revision: loaded.revision + added.length };
      } catch (error) {
        if (!(error instanceof WrongRevisionError)) throw error;
      }
    }
    throw commonError('conflict', `Booking ${bookingId} is being changed by others`);
  }

  private async flush() {
    const waiting = this.waiting;
    this.waiting = new Map();
    const ids = [...waiting.keys()];
    for (let from = 0; from < ids.length; from += READ_STREAMS_MAX) {
      const part = ids.slice(from, from + READ_STREAMS_MAX);
      try {
        const streams = await this.store.readStreams(part.map(bookingStream));
        for (const id of part) {
          const loaded = loadedOf(streams.get(bookingStream(id)) ?? []);
          for (const { resolve } of waiting.get(id) ?? []) resolve(loaded);
        }
      } catch (error) {
        for (const id of part) for (const { reject } of waiting.get(id) ?? []) reject(error);
      }
    }
  }
}

function loadedOf(recorded: RecordedEvent[]): Loaded {
  const history = recorded.map((event) => ({ id: event.id, event: bookingCodec.decode(event) }));
  return { history, booking: fold(bookingDecider, history.map(({ event }) => event)), revision: recorded.length - 1 };
}
