import { DiscardPolicy, JetStreamApiError, type JetStreamManager, type MsgRequest, RetentionPolicy, StorageType, jetstreamManager } from '@nats-io/jetstream';
import { createInbox, headers, type Msg } from '@nats-io/transport-node';
import { commonError } from '@talon/kernel';
import type { NatsClient, NatsGate } from './nats-gate';

export const EVENT_STREAM = 'TALON_EVENTS';
const EVENT_SUBJECTS = ['talon.>'];
const AGE_MS_MAX = 30 * 86_400_000;
const BYTES_MAX = 2_000_000_000;
/** How long JetStream remembers message ids to drop repeats, milliseconds. */
const REPEATS_MS = 120_000;
const PUBLISH_TIMEOUT_MS = 5_000;
const NANOSECONDS_PER_MS = 1_000_000;
const POSITION_HEADER = 'Talon-Position';
const STREAM_NOT_FOUND = 10_059;
const NO_MESSAGE_FOUND = 10_037;
/** Deleted messages at the end of the stream looked over, at most. */
const WALK_BACK_MAX = 1_000;
const MAXIMUM_STORAGE = 10_047;

export interface StreamMessage {
  /** Repeats of an id within two minutes are dropped by JetStream. */
  id: string;
  /** `talon.<context>.<event>.v<n>.<hospital>` */
  subject: string;
  /** Position in the event store, kept in a header. */
  position: number;
  body: string;
}

export interface StreamEnd {
  /** When the stream was made: another instant means another stream, without what the old one had. */
  created: string;
  /** Store position of the last message; START when there never was one; undefined when all have aged away. */
  position: number | undefined;
}

/** The public events in JetStream: a copy for subscribers. The event store stays the truth, so losing the stream loses nothing. */
export class EventStream {
  private manager: JetStreamManager | undefined;

  constructor(private readonly nats: NatsGate) {}

  /**
   * Makes the stream where it is missing.
   * @param subject whose last message is wanted, e.g. `talon.booking.>`
   * @throws {DomainError} `talon/unavailable` while NATS is away
   */
  async end(subject: string): Promise<StreamEnd> {
    const manager = await this.getManager();
    const info = await manager.streams.info(EVENT_STREAM).catch(async (error: unknown) => {
      if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NOT_FOUND) throw error;
      return this.create(manager);
    });
    if (info.state.last_seq === 0) return { created: info.created, position: -1 };
    if (info.state.messages === 0) return { created: info.created, position: undefined };
    const last = (await read(manager, { last_by_subj: subject })) ?? (await this.walkBack(manager, subject, info.state));
    return { created: info.created, position: last ? Number(last.header.get(POSITION_HEADER)) : -1 };
  }

  /** nats-server 2.9 knows no last message of a subject once the very last one of the stream was deleted. */
  private async walkBack(manager: JetStreamManager, subject: string, state: { first_seq: number; last_seq: number }) {
    const prefix = subject.slice(0, -1);
    const until = Math.max(state.first_seq, state.last_seq - WALK_BACK_MAX);
    for (let seq = state.last_seq; seq >= until; seq--) {
      const message = await read(manager, { seq });
      if (message?.subject.startsWith(prefix)) return message;
    }
    return null;
  }

  private create(manager: JetStreamManager) {
    const config = {
      name: EVENT_STREAM,
      subjects: EVENT_SUBJECTS,
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: AGE_MS_MAX * NANOSECONDS_PER_MS,
      duplicate_window: REPEATS_MS * NANOSECONDS_PER_MS,
    };
    return manager.streams.add({ ...config, max_bytes: BYTES_MAX }).catch((error: unknown) => {
      // A small server does not grant that much; its own limit then bounds the stream.
      if (error instanceof JetStreamApiError && error.code === MAXIMUM_STORAGE) return manager.streams.add(config);
      throw error;
    });
  }

  /**
   * Publishes in order and resolves when JetStream has acknowledged every message.
   * @throws {DomainError} `talon/unavailable` when one was not acknowledged in time: publish the same again
   */
  async publish(messages: StreamMessage[]): Promise<void> {
    const client = this.nats.current;
    if (!client) throw commonError('unavailable', 'NATS is away');
    if (messages.length === 0) return;
    const acks = new Acks(client, messages.length);
    try {
      for (const { id, subject, position, body } of messages) {
        const header = headers();
        header.set('Nats-Msg-Id', id);
        header.set(POSITION_HEADER, String(position));
        client.publish(subject, body, { headers: header, reply: acks.subject });
      }
      await acks.all();
    } finally {
      acks.close();
    }
  }

  private async getManager(): Promise<JetStreamManager> {
    const client = this.nats.current;
    if (!client) throw commonError('unavailable', 'NATS is away');
    // Without the check of the account here: it would fail for good where JetStream starts a moment later than the server.
    this.manager ??= await jetstreamManager(client, { checkAPI: false, timeout: PUBLISH_TIMEOUT_MS });
    return this.manager;
  }
}

const read = (manager: JetStreamManager, query: MsgRequest) =>
  manager.streams.getMessage(EVENT_STREAM, query).catch((error: unknown) => {
    if (error instanceof JetStreamApiError && error.code === NO_MESSAGE_FOUND) return null;
    throw error;
  });

/** One inbox for the acknowledgements of a whole batch: a request per message costs several times as much. */
class Acks {
  readonly subject = createInbox();
  private missing: number;
  private readonly finished: Promise<void>;
  private settle: (error?: Error) => void = () => undefined;
  private readonly subscription;
  private readonly timer: NodeJS.Timeout;

  constructor(client: NatsClient, count: number) {
    this.missing = count;
    this.finished = new Promise((resolve, reject) => (this.settle = (error) => (error ? reject(error) : resolve())));
    this.finished.catch(() => undefined);
    this.subscription = client.subscribe(this.subject, { callback: (error, message) => (error ? this.settle(error) : this.take(message)) });
    this.timer = setTimeout(() => this.settle(commonError('unavailable', 'JetStream has not acknowledged in time')), PUBLISH_TIMEOUT_MS);
  }

  private take(message: Msg) {
    if (message.headers?.code === 503) return this.settle(commonError('unavailable', `There is no stream ${EVENT_STREAM}`));
    const { error } = message.json<{ error?: { code: number; description: string } }>();
    if (error) return this.settle(commonError('unavailable', `JetStream refused a message: ${error.description}`));
    if (--this.missing === 0) this.settle();
  }

  all(): Promise<void> {
    return this.finished;
  }

  close() {
    clearTimeout(this.timer);
    this.subscription.unsubscribe();
  }
}
