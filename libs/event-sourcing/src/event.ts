/** A fact: past tense, plain JSON, ids instead of names. */
export interface Event<Type extends string = string, Data extends object = object> {
  type: Type;
  data: Data;
}

/** Travels with every event. Ids and instants only, never personal data. */
export interface EventMetadata {
  /** When it was decided, by the Clock, ISO-8601 UTC. */
  at: string;
  /** The request or process that started it all. */
  correlationId?: string;
  /** The command or event that caused this one. */
  causationId?: string;
  /** `role:subject` of the token, or `system:<process>`. */
  by?: string;
}

/** An event as a store keeps it: `type` is the stored name with its version, e.g. `BookingConfirmed.v1`. */
export interface StoredEvent {
  /** Chosen by the caller (UUID). Appending the same ids again is a repeat, not a second fact. */
  id: string;
  type: string;
  data: object;
  metadata: EventMetadata;
}

/** What a store gives back. */
export interface RecordedEvent extends StoredEvent {
  stream: string;
  /** Place in the stream: 0, 1, 2 … without gaps. */
  revision: number;
  /** Place in the whole store: increasing, may have gaps; a safe integer. */
  position: number;
}
