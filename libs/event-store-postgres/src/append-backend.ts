import type { AppendResult } from '@talon/event-sourcing';
import type { Pool } from 'pg';
import type { AppendBackend, BatchOutcome, PendingAppend } from './append-queue';
import { persist } from './connection';
import { EXPECT_EXISTS, EXPECT_NONE, LIST_SEPARATOR } from './schema';

const APPEND_BATCH = 'select base, tips from event_store.append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9)';
const FIND_REPEATS = `
  select e.stream, e.revision, e.position, e.id
  from unnest($1::text[], $2::int[], $3::int[]) r(stream, low, high)
  join event_store.events e on e.stream = r.stream and e.revision between r.low and r.high
  where e.id = any($4::uuid[])`;
const REVISION_MAX = 2 ** 31 - 1;

/** The SQL side of appending. */
export class PostgresAppendBackend implements AppendBackend {
  constructor(
    private readonly pool: Pool,
    private readonly isClosed: () => boolean,
    readonly committed: () => void,
  ) {}

  async write(batch: PendingAppend[]): Promise<BatchOutcome> {
    const query = { name: 'append-batch', text: APPEND_BATCH, rowMode: 'array' as const, values: batchValues(batch) };
    const { rows } = await persist(() => this.pool.query<[string, string]>(query), this.isClosed);
    const [base, tips] = rows[0]!;
    let position = Number(base);
    const results = tips.split(',').map((tip, index) => {
      const count = batch[index]!.events.length;
      position += count;
      return tip.startsWith('x') ? { refused: Number(tip.slice(1)) } : { revision: Number(tip) + count, position };
    });
    return { results };
  }

  /** An exact expectation says where the events would be; for 'exists' the whole stream is searched. */
  async findRepeats(refused: PendingAppend[]): Promise<(AppendResult | undefined)[]> {
    const low = refused.map(({ expected }) => (expected === 'exists' || expected === 'none' ? 0 : expected + 1));
    const high = refused.map(({ expected, events }, index) => (expected === 'exists' ? REVISION_MAX : low[index]! + events.length - 1));
    const ids = refused.flatMap(({ events }) => events.map((event) => event.id));
    const values = [refused.map(({ stream }) => stream), low, high, ids];
    const { rows } = await persist(
      () => this.pool.query<{ stream: string; revision: number; position: string; id: string }>({ name: 'find-repeats', text: FIND_REPEATS, values }),
      this.isClosed,
    );
    const found = new Map(rows.map((row) => [`${row.stream} ${row.id}`, row]));
    return refused.map(({ stream, events }) => {
      const places = events.map((event) => found.get(`${stream} ${event.id}`));
      const first = places[0];
      if (!first || !places.every((place, index) => place?.revision === first.revision + index)) return undefined;
      const last = places.at(-1)!;
      return { revision: last.revision, position: Number(last.position) };
    });
  }
}

/** Lists as text: the driver's own arrays are quoted value by value, which costs more than the rest of an append. */
function batchValues(batch: PendingAppend[]): string[] {
  const streams: string[] = [];
  const expected: number[] = [];
  const firsts: number[] = [];
  const owners: number[] = [];
  const eventStreams: string[] = [];
  const ids: string[] = [];
  const types: string[] = [];
  const data: string[] = [];
  const metadata: string[] = [];
  for (const append of batch) {
    streams.push(append.stream);
    expected.push(append.expected === 'none' ? EXPECT_NONE : append.expected === 'exists' ? EXPECT_EXISTS : append.expected);
    firsts.push(ids.length + 1);
    append.events.forEach((event, index) => {
      const text = append.texts[index]!;
      owners.push(streams.length);
      eventStreams.push(append.stream);
      ids.push(event.id);
      types.push(event.type);
      data.push(text.data);
      metadata.push(text.metadata);
    });
  }
  const numbers = (list: (number | string)[]) => `{${list.join(',')}}`;
  const texts = (list: string[]) => list.join(LIST_SEPARATOR);
  return [
    texts(streams), numbers(expected), numbers(firsts),
    numbers(owners), texts(eventStreams), numbers(ids), texts(types), texts(data), texts(metadata),
  ];
}
