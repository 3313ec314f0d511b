import type { Money } from '@talon/kernel';
import type { RecordedEvent } from '@talon/event-sourcing';

/** The kinds of fields public events are made of; a trailing `?` makes one optional. */
const FIELD_SCHEMAS = {
  id: { type: 'string', format: 'uuid' },
  text: { type: 'string', maxLength: 500 },
  date: { type: 'string', format: 'date' },
  instant: { type: 'string', format: 'date-time' },
  count: { type: 'integer', minimum: 0 },
  counts: { type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 1 },
  money: {
    type: 'object',
    properties: { amountMinor: { type: 'integer', minimum: 0 }, currency: { type: 'string', pattern: '^[A-Z]{3}$' } },
    required: ['amountMinor', 'currency'],
    additionalProperties: false,
  },
} as const;

type FieldTypes = { id: string; text: string; date: string; instant: string; count: number; counts: number[]; money: Money };
type FieldKind = keyof FieldTypes | `${keyof FieldTypes}?`;
type Fields = Record<string, FieldKind>;
type TypeOf<K extends FieldKind> = K extends `${infer Base extends keyof FieldTypes}?` ? FieldTypes[Base] : K extends keyof FieldTypes ? FieldTypes[K] : never;
type Optional<F extends Fields> = { [N in keyof F]: F[N] extends `${string}?` ? N : never }[keyof F];
export type DataOf<F extends Fields> = { [N in Exclude<keyof F, Optional<F>>]: TypeOf<F[N]> } & { [N in Optional<F>]?: TypeOf<F[N]> };

/** A public event: what outboxes publish and `GET /v1/events` serves. The name is permanent. */
export interface PublicEventDefinition<D extends object = object> {
  /** `talon.<context>.<event>.v<n>`, also the first tokens of the NATS subject. */
  type: string;
  summary: string;
  /** JSON Schema 2020-12 of `data`. */
  schema: object;
  /** Makes an occurrence; `hospitalId` ends the NATS subject, `region` when it concerns no hospital. */
  of(data: D): PublicEvent;
}

export interface PublicEvent {
  type: string;
  data: object;
  hospitalId: string;
}

/** CloudEvents 1.0 in JSON, plus `position` (extension attribute). */
export interface CloudEvent {
  specversion: '1.0';
  /** Id of the stored event: the same in every delivery. */
  id: string;
  source: string;
  type: string;
  time: string;
  datacontenttype: 'application/json';
  /** The stream's subject, e.g. booking id. */
  subject: string;
  /** Where to go on reading: `GET /v1/events?after=<position>`. A string because it may outgrow a 32-bit integer. */
  position: string;
  data: object;
}

/** Every public event defined, by type: docs/events.md and the JSON Schemas are generated from it. */
export const publicEvents = new Map<string, PublicEventDefinition>();

export function publicEvent<const F extends Fields>(name: string, version: number, summary: string, fields: F): PublicEventDefinition<DataOf<F>> {
  const type = `talon.${name}.v${version}`;
  const properties = Object.fromEntries(Object.entries(fields).map(([field, kind]) => [field, FIELD_SCHEMAS[kind.replace('?', '') as keyof FieldTypes]]));
  const definition: PublicEventDefinition<DataOf<F>> = {
    type,
    summary,
    schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `https://talon.health/schemas/${type}.json`,
      title: type,
      description: summary,
      type: 'object',
      properties,
      required: Object.keys(fields).filter((field) => !fields[field]!.endsWith('?')),
      additionalProperties: false,
    },
    of: (data) => ({ type, data, hospitalId: (data as { hospitalId?: string }).hospitalId ?? 'region' }),
  };
  publicEvents.set(type, definition as PublicEventDefinition);
  return definition;
}

/**
 * How a service tells the world: domain event → public event, or null when it concerns nobody outside.
 * Lives in each service's `adapters/messaging/outbound.ts`.
 */
export interface Outbound {
  /** Stream categories it maps. */
  categories: string[];
  /** Stored names it maps, with the public types each may become: lets a reader filter by public type in the store. */
  storedNames: Record<string, string[]>;
  map(event: RecordedEvent): PublicEvent | null;
}

export function toCloudEvent(event: RecordedEvent, mapped: PublicEvent): CloudEvent {
  const context = mapped.type.split('.')[1]!;
  return {
    specversion: '1.0',
    id: event.id,
    source: `/talon/${context}`,
    type: mapped.type,
    time: event.metadata.at,
    datacontenttype: 'application/json',
    subject: event.stream,
    position: String(event.position),
    data: mapped.data,
  };
}

/** `talon.booking.confirmed.v1` + hospital → the JetStream subject. */
export const subjectOf = (event: PublicEvent): string => `${event.type}.${event.hospitalId}`;
