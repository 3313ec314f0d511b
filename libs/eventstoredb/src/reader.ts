import { setTimeout as pause } from 'node:timers/promises';
import { AccessDeniedError, type EventStoreDBClient, StreamDeletedError, StreamNotFoundError, type StreamingRead, type ResolvedEvent } from '@eventstore/db-client';
import { commonError } from '@talon/kernel';
import type { SharedClient } from './shared-client';

/** In all. Reads repeat safely. */
export const READ_ATTEMPTS_MAX = 5;
/** How long a read may stand still, milliseconds. */
export const READ_DEADLINE_MS = 10_000;
const RETRY_PAUSE_MS = 50;

type AnyRead = StreamingRead<Pick<ResolvedEvent, 'event'>>;
type ClientRecord = NonNullable<ResolvedEvent['event']>;

/** Reads to the end and tries again when the connection breaks. */
export class Reader {
  constructor(
    private readonly shared: SharedClient,
    private readonly deadlineMs = READ_DEADLINE_MS,
  ) {}

  /**
   * @returns [] when the stream does not exist
   * @throws {DomainError} `talon/unavailable` after all attempts
   */
  async collect(start: (client: EventStoreDBClient) => AnyRead): Promise<ClientRecord[]> {
    let cause: unknown;
    for (let attempt = 1; attempt <= READ_ATTEMPTS_MAX; attempt++) {
      try {
        return await this.attempt(start);
      } catch (error) {
        if (error instanceof StreamNotFoundError) return [];
        if (error instanceof AccessDeniedError || error instanceof StreamDeletedError) throw error;
        cause = error;
      }
      await pause(RETRY_PAUSE_MS * attempt);
    }
    throw Object.assign(commonError('unavailable', 'the event store does not answer'), { cause });
  }

  private async attempt(start: (client: EventStoreDBClient) => AnyRead): Promise<ClientRecord[]> {
    const client = await this.shared.client();
    const { generation } = this.shared;
    const read = start(client);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      void read.cancel();
    }, this.deadlineMs);
    try {
      const records: ClientRecord[] = [];
      for await (const { event } of read) {
        if (event) records.push(event);
        timer.refresh();
      }
      // The client ends a cancelled read as if it were complete.
      if (timedOut || generation !== this.shared.generation) throw new Error('the read was cut short');
      return records;
    } finally {
      clearTimeout(timer);
    }
  }
}
