import type { Event } from './event';

type Upcast<E extends Event> = (data: never) => E;
type Loose = { type: string; data: object };

export interface EventCodec<E extends Event> {
  /** Domain event → stored name and data. */
  encode(event: E): { type: string; data: object };
  /**
   * Stored name and data → the current shape, whatever version it was written in.
   * @throws when the name is unknown: a newer writer is about; stop rather than skip
   */
  decode(stored: { type: string; data: object }): E;
  /** Whether this codec knows the stored name. */
  knows(storedType: string): boolean;
  /** Every stored name this codec reads, current and old. */
  readonly storedNames: string[];
  /** The stored names (all versions) of the given event types, for feed filters. */
  namesOf(...types: E['type'][]): string[];
}

/**
 * One codec per service and stream category. `versions` gives the current version per event type; `upcasts` lifts an old stored name
 * (`BookingRequested.v1`) to the current event.
 */
export function eventCodec<E extends Event>(versions: { [T in E['type']]: number }, upcasts: Record<string, Upcast<E>> = {}): EventCodec<E> {
  const current = new Map<string, string>();
  for (const [type, version] of Object.entries<number>(versions)) current.set(`${type}.v${version}`, type);
  const storedNames = [...current.keys(), ...Object.keys(upcasts)];
  return {
    encode: (event) => ({ type: `${event.type}.v${versions[event.type as E['type']]}`, data: event.data }),
    decode(stored) {
      const type = current.get(stored.type);
      if (type !== undefined) return { type, data: stored.data } as Loose as E;
      const upcast = upcasts[stored.type];
      if (!upcast) throw new Error(`unknown stored event ${stored.type}`);
      return upcast(stored.data as never);
    },
    knows: (storedType) => current.has(storedType) || storedType in upcasts,
    storedNames,
    namesOf: (...types) => storedNames.filter((name) => types.includes(name.slice(0, name.lastIndexOf('.v')) as E['type'])),
  };
}
