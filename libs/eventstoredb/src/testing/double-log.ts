/** What the double keeps of an event. Data and metadata are bytes, as on the wire. */
export interface Row {
  id: string;
  type: string;
  contentType: string;
  data: Uint8Array;
  metadata: Uint8Array;
  stream: string;
  revision: number;
  position: number;
}

export type Proposed = Pick<Row, 'id' | 'type' | 'contentType' | 'data' | 'metadata'>;
export type Expected = bigint | 'none' | 'exists' | 'any';
export type Outcome = { revision: number; position: number } | { wrongVersion: number | null };

/** Every so many appends the log gets an event of the server's own, as real ones do. */
const SYSTEM_EVENT_EVERY = 7;

/** The log of the double: positions with gaps, system events in between, revisions and event ids checked as the real server does. */
export class DoubleLog {
  readonly all: Row[] = [];
  readonly streams = new Map<string, Row[]>();
  readonly listeners = new Set<(rows: Row[]) => void>();
  private appends = 0;

  constructor() {
    this.system();
  }

  append(stream: string, expected: Expected, events: Proposed[]): Outcome {
    const rows = this.streams.get(stream) ?? [];
    const repeat = repeatOf(rows, expected, events);
    if (repeat) return repeat;
    const tip = rows.length - 1;
    const fits = expected === 'any' || (expected === 'exists' ? tip >= 0 : tip === (expected === 'none' ? -1 : Number(expected)));
    if (!fits) return { wrongVersion: tip < 0 ? null : tip };
    const added = this.write(stream, events);
    if (++this.appends % SYSTEM_EVENT_EVERY === 0) this.system();
    const last = added.at(-1)!;
    return { revision: last.revision, position: last.position };
  }

  private system() {
    const json = new TextEncoder().encode('{"proc-mem":1}');
    this.write('$stats-127.0.0.1:2113', [{ id: crypto.randomUUID(), type: '$statsCollected', contentType: 'application/json', data: json, metadata: new Uint8Array() }]);
  }

  private write(stream: string, events: Proposed[]): Row[] {
    const rows = this.streams.get(stream) ?? [];
    this.streams.set(stream, rows);
    const added = events.map((event) => {
      const before = this.all.at(-1);
      // A position is a byte offset in the real log: it grows by the size of what was written.
      const row = { ...event, stream, revision: rows.length, position: before ? before.position + 120 + before.data.length : 120 };
      rows.push(row);
      this.all.push(row);
      return row;
    });
    for (const listener of this.listeners) listener(added);
    return added;
  }
}

/** The server compares ids where the expectation would have put the events; for `any` and `exists` it looks the first id up. */
function repeatOf(rows: Row[], expected: Expected, events: Proposed[]): Outcome | undefined {
  const looksUp = expected === 'any' || expected === 'exists';
  const first = looksUp ? rows.findIndex((row) => row.id === events[0]?.id) : expected === 'none' ? 0 : Number(expected) + 1;
  if (first < 0 || first >= rows.length) return undefined;
  if (!events.every(({ id }, index) => rows[first + index]?.id === id)) return undefined;
  const last = rows[first + events.length - 1]!;
  return { revision: last.revision, position: last.position };
}
