import {
  type AppendResult,
  type EventMetadata,
  EventStore,
  type ExpectedRevision,
  type Page,
  READ_ALL_MAX,
  type ReadAllFilter,
  type RecordedEvent,
  START,
  type StoredEvent,
  type Subscription,
  catchUp,
  checkAppend,
  isStreamName,
} from '@talon/event-sourcing';
import { LocalWake, type Wake, commonError } from '@talon/kernel';
import type { Pool } from 'pg';
import { PostgresAppendBackend } from './append-backend';
import { AppendQueue, LANES_MAX } from './append-queue';
import { isLost, openPool, persist } from './connection';
import { LIST_SEPARATOR, MIGRATE } from './schema';
import { StreamLoader } from './stream-loader';

/** Connections for reading, per store. */
export const READERS_MAX = 4;
/** Streams one `readStreams` may ask for. */
export const READ_STREAMS_MAX = 2_000;
const REVISION_MAX = 2 ** 31 - 1;

const COLUMNS = 'position, stream, revision, id, type, data, metadata';
const READ_STREAMS = `select ${COLUMNS} from event_store.events where stream = any(string_to_array($1, chr(${LIST_SEPARATOR.charCodeAt(0)}))) order by stream, revision`;
const READ_FORWARDS = `select ${COLUMNS} from event_store.events where stream = $1 and revision >= $2 order by revision limit $3`;
const READ_BACKWARDS = `select ${COLUMNS} from event_store.events where stream = $1 and revision <= $2 order by revision desc limit $3`;
const READ_ALL = `select ${COLUMNS} from event_store.events where position > $1 order by position limit $2`;
/** Events that a filtered page looks at, at least: a small page with a rare match would crawl otherwise. */
const LOOK_MIN = 500;
/**
 * Looks at a window of positions, returns what matches, and in any case the window's last event, whose data stays behind (null) when it
 * does not match: the caller learns how far it looked. `looked` counts the window up to that row.
 */
const READ_FILTERED = `
  select position, stream, revision, id, type, case when matches then data end as data, metadata, looked
  from (
    select *, row_number() over (order by position)::int as looked, lead(position) over (order by position) is null as last,
      ($3::text[] is null or split_part(stream, '-', 1) = any($3)) and ($4::text[] is null or type = any($4)) as matches
    from (select ${COLUMNS} from event_store.events where position > $1 order by position limit $2) span
  ) judged
  where matches or last order by position`;
const HEAD = 'select max(position) as head from event_store.events';

type Row = [position: string, stream: string, revision: number, id: string, type: string, data: string | null, metadata: string, looked?: number];

export interface PostgresEventStoreOptions {
  /** Signalled after every commit of this process, and what shortens the wait of its subscriptions. Default: one of its own. */
  wake?: Wake;
  /** Told about connections that break and reads that are tried again. Default: nothing. */
  onError?: (error: unknown) => void;
}

/** The log in PostgreSQL, schema `event_store`. Its database may be shared with anything else. */
export class PostgresEventStore extends EventStore {
  private readonly wake: Wake;
  private readonly onError: (error: unknown) => void;
  private readonly writers: Pool;
  private readonly readers: Pool;
  private readonly queue: AppendQueue;
  private readonly loader = new StreamLoader<{ stream: string; row: Row }>((streams) => this.fetchStreams(streams));
  private readonly subscriptions = new Set<Subscription>();
  private closed = false;

  private constructor(url: string, options: PostgresEventStoreOptions) {
    super();
    this.wake = options.wake ?? new LocalWake();
    this.onError = options.onError ?? (() => undefined);
    this.writers = openPool(url, LANES_MAX, this.onError);
    this.readers = openPool(url, READERS_MAX, this.onError);
    this.queue = new AppendQueue(new PostgresAppendBackend(this.writers, () => this.closed, () => this.wake.signal()));
  }

  /** @throws when the server does not answer after the adapter's own attempts, or refuses the account */
  static async connect(url: string, options: PostgresEventStoreOptions = {}): Promise<PostgresEventStore> {
    const store = new PostgresEventStore(url, options);
    try {
      await persist(() => store.readers.query('select 1'), () => false);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Creates the schema `event_store` where it is missing. Repeating it changes nothing; several processes may do it at once. */
  async migrate(): Promise<void> {
    await persist(() => this.writers.query(MIGRATE), () => this.closed);
  }

  override append(stream: string, expected: ExpectedRevision, events: StoredEvent[]): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      if (this.closed) throw commonError('unavailable', 'the event store is closed');
      const texts = checkAppend(stream, expected, events);
      let textLength = 0;
      for (const text of texts) textLength += text.data.length + text.metadata.length;
      this.queue.add({ stream, expected, events, texts, textLength, resolve, reject });
    });
  }

  override async readStream(stream: string, options: { fromRevision?: number; max?: number; backwards?: boolean } = {}): Promise<RecordedEvent[]> {
    if (!isStreamName(stream)) return [];
    const { fromRevision, max = REVISION_MAX, backwards = false } = options;
    if (fromRevision === undefined && max === REVISION_MAX && !backwards) {
      return (await this.loader.load(stream)).map(({ row }) => recorded(row));
    }
    const from = Math.min(fromRevision ?? (backwards ? REVISION_MAX : 0), REVISION_MAX);
    const [name, text] = backwards ? ['read-backwards', READ_BACKWARDS] : ['read-forwards', READ_FORWARDS];
    return (await this.read(name, text, [stream, from, max])).map(recorded);
  }

  override async readStreams(streams: string[]): Promise<Map<string, RecordedEvent[]>> {
    if (streams.length > READ_STREAMS_MAX) throw commonError('invalid-input', `at most ${READ_STREAMS_MAX} streams at once, not ${streams.length}`);
    const names = [...new Set(streams)].filter(isStreamName);
    const loaded = await Promise.all(names.map((name) => this.loader.load(name)));
    const found = new Map<string, RecordedEvent[]>();
    loaded.forEach((rows, index) => {
      if (rows.length > 0) found.set(names[index]!, rows.map(({ row }) => recorded(row)));
    });
    return found;
  }

  override async readAll(after: number, { max, filter }: { max: number; filter?: ReadAllFilter }): Promise<Page> {
    const limit = Math.min(Math.max(max, 1), READ_ALL_MAX);
    const filtered = filter?.categories !== undefined || filter?.types !== undefined;
    const span = filtered ? Math.max(limit, LOOK_MIN) : limit;
    const rows = filtered
      ? await this.read('read-filtered', READ_FILTERED, [after, span, filter.categories ?? null, filter.types ?? null])
      : await this.read('read-all', READ_ALL, [after, span]);
    const matching = rows.filter((row) => row[5] !== null).slice(0, limit);
    const last = rows.at(-1);
    if (!last) return { events: [], position: after, atEnd: true };
    // A full page ends with its last match: what matches further on in the span has not been returned.
    if (matching.length === limit) return { events: matching.map(recorded), position: Number(matching.at(-1)![0]), atEnd: false };
    return { events: matching.map(recorded), position: Number(last[0]), atEnd: (last[7] ?? 0) < span };
  }

  override async head(): Promise<number> {
    const [row] = await persist(async () => (await this.readers.query<{ head: string | null }>({ name: 'head', text: HEAD })).rows, () => this.closed);
    return row?.head == null ? START : Number(row.head);
  }

  override subscribe(
    after: number,
    options: { filter?: ReadAllFilter; batchMax?: number },
    handle: (events: RecordedEvent[]) => Promise<void>,
  ): Subscription {
    const subscription = catchUp(this, after, { ...options, wake: this.wake, onError: this.onError }, handle);
    this.subscriptions.add(subscription);
    return {
      stop: () => {
        this.subscriptions.delete(subscription);
        return subscription.stop();
      },
    };
  }

  /** Given to the log when it was created, and restored with it: copies kept elsewhere under this name belong to no other log. */
  async identity(): Promise<string> {
    const rows = await this.read('identity', 'select id from event_store.identity', []);
    return String(rows[0]![0]);
  }

  override async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.all([...this.subscriptions].map((subscription) => subscription.stop()));
    await this.queue.drain();
    await Promise.all([this.writers.end(), this.readers.end()]);
  }

  private async fetchStreams(streams: string[]) {
    const rows = await this.read('read-streams', READ_STREAMS, [streams.join(LIST_SEPARATOR)]);
    return rows.map((row) => ({ stream: row[1], row }));
  }

  private async read(name: string, text: string, values: unknown[]): Promise<Row[]> {
    const query = { name, text, values, rowMode: 'array' as const };
    try {
      return (await persist(() => this.readers.query<Row>(query), () => this.closed)).rows;
    } catch (error) {
      if (isLost(error)) throw commonError('unavailable', 'the event store does not answer');
      throw error;
    }
  }
}

const recorded = ([position, stream, revision, id, type, data, metadata]: Row): RecordedEvent => ({
  id,
  type,
  data: JSON.parse(data ?? '{}') as object,
  metadata: JSON.parse(metadata) as EventMetadata,
  stream,
  revision,
  position: Number(position),
});
