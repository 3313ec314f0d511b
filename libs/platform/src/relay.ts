import { type Outbound, subjectOf, toCloudEvent } from '@talon/contracts';
import { type EventStore, type ReadAllFilter, type RecordedEvent, START } from '@talon/event-sourcing';
import { commonError } from '@talon/kernel';
import type { EventStream, NatsGate, StreamMessage } from '@talon/nats';
import type { Feeds, Reaction } from '@talon/read-model';

const REPAIR_BATCH_MAX = 1_000;

/** What every public event of these services is read by. */
export function publicFilter(outbounds: Outbound[]): ReadAllFilter {
  return {
    categories: [...new Set(outbounds.flatMap(({ categories }) => categories))],
    types: [...new Set(outbounds.flatMap(({ storedNames }) => Object.keys(storedNames)))],
  };
}

/** The first service that has something to say about an event says it. */
export function toPublic(outbounds: Outbound[], event: RecordedEvent) {
  const outbound = outbounds.find(({ storedNames }) => event.type in storedNames);
  return outbound?.map(event) ?? null;
}

/**
 * Publishes public events to JetStream. The event store is the truth and the feed's cursor says how far the relay is; the stream is only a copy.
 * Whenever the connection was new, the relay first compares: a stream that was made anew gets everything again, one that lost its end gets
 * the end again. Which stream it filled is noted with the cursor, so that any process can tell.
 */
export class Relay implements Reaction {
  readonly filter: ReadAllFilter;
  /** Goes up with every connection; what was verified under an old one counts no more. */
  private connection = 0;
  private verified = -1;
  /** Up to here the stream has everything; undefined when that cannot be said. */
  private published: number | undefined;

  constructor(
    readonly name: string,
    private readonly outbounds: Outbound[],
    private readonly setup: { store: EventStore; nats: NatsGate; stream: EventStream; onFailure?: (error: unknown, feed: string) => void },
  ) {
    this.filter = publicFilter(outbounds);
  }

  /** Registers with the feeds, and repairs after every reconnect even when nothing new happens. */
  attach(feeds: Feeds): void {
    feeds.addReaction(this);
    this.setup.nats.onConnect(() => {
      this.connection++;
      feeds.attend(this.name).catch((error: unknown) => this.setup.onFailure?.(error, this.name));
    });
  }

  async before({ position, note }: { position: number; note?: string }): Promise<string | undefined> {
    const { connection } = this;
    if (this.verified === connection) return undefined;
    const end = await this.setup.stream.end(this.subject());
    const ours = note === end.created;
    const from = ours ? (end.position ?? position) : START;
    await this.republish(from, position);
    this.published = ours ? end.position : undefined;
    this.verified = connection;
    return end.created;
  }

  async handle(events: RecordedEvent[]): Promise<void> {
    const { connection } = this;
    await this.setup.stream.publish(this.toMessages(events).filter(({ position }) => position > (this.published ?? START)));
    if (connection !== this.connection) throw commonError('unavailable', 'NATS was away while events were published; they go out again');
  }

  private async republish(from: number, upTo: number) {
    let position = from;
    while (position < upTo) {
      const page = await this.setup.store.readAll(position, { max: REPAIR_BATCH_MAX, filter: this.filter });
      await this.setup.stream.publish(this.toMessages(page.events.filter((event) => event.position <= upTo)));
      if (page.atEnd) return;
      position = page.position;
    }
  }

  /** One service's events end in its own context; with several services the whole stream is theirs. */
  private subject(): string {
    const contexts = new Set(this.outbounds.flatMap(({ storedNames }) => Object.values(storedNames).flat().map((type) => type.split('.')[1])));
    return contexts.size === 1 ? `talon.${[...contexts][0]}.>` : 'talon.>';
  }

  private toMessages(events: RecordedEvent[]): StreamMessage[] {
    return events.flatMap((event) => {
      const mapped = toPublic(this.outbounds, event);
      if (!mapped) return [];
      return [{ id: event.id, subject: subjectOf(mapped), position: event.position, body: JSON.stringify(toCloudEvent(event, mapped)) }];
    });
  }
}
