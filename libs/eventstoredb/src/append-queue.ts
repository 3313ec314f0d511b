import { setTimeout as pause } from 'node:timers/promises';
import {
  type AppendExpectedRevision,
  type AppendResult as ClientResult,
  MaxAppendSizeExceededError,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  AccessDeniedError,
  WrongExpectedVersionError,
  jsonEvent,
} from '@eventstore/db-client';
import { type ExpectedRevision, type StoredEvent, UnknownOutcomeError, WrongRevisionError } from '@talon/event-sourcing';
import { commonError } from '@talon/kernel';
import type { SharedClient } from './shared-client';

/**
 * Appends on the wire at once. Below the 16 messages after which the client's stream asks writers to wait: writers that wait when it
 * breaks are rejected by the client where nobody can catch it, which would end the process.
 */
export const IN_FLIGHT_MAX = 15;
/** Appends that may wait; more are refused at once, because they would wait for seconds. */
export const QUEUE_MAX = 20_000;
/** In all, with the same ids. */
export const APPEND_ATTEMPTS_MAX = 5;
/** How long one attempt waits for an answer, milliseconds. The client itself would wait for ever. */
export const APPEND_DEADLINE_MS = 5_000;
const RETRY_PAUSE_MS = 50;

export type Appended = Pick<ClientResult, 'nextExpectedRevision' | 'position'>;

/** Sends appends, a bounded number at a time, and repeats those whose outcome it does not know with the same event ids. */
export class AppendQueue {
  private readonly waiting: (() => void)[] = [];
  private inFlight = 0;
  private idle: (() => void)[] = [];

  constructor(
    private readonly shared: SharedClient,
    private readonly deadlineMs = APPEND_DEADLINE_MS,
  ) {}

  /**
   * @throws {WrongRevisionError} {UnknownOutcomeError} after all attempts
   * @throws {DomainError} `talon/unavailable` when too many wait, `talon/invalid-input` when the server refuses the size
   */
  async append(stream: string, expected: ExpectedRevision, events: StoredEvent[]): Promise<Appended> {
    if (this.waiting.length >= QUEUE_MAX) throw commonError('unavailable', `more than ${QUEUE_MAX} appends are waiting`);
    if (this.inFlight >= IN_FLIGHT_MAX) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.inFlight++;
    try {
      return await this.persist(stream, expected, events);
    } finally {
      // The place passes to the next one directly, so that nobody who comes in between takes it.
      const next = this.waiting.shift();
      if (next) next();
      else if (--this.inFlight === 0) for (const done of this.idle.splice(0)) done();
    }
  }

  /** Resolves when nothing waits or is in flight. */
  drain(): Promise<void> {
    return this.inFlight === 0 ? Promise.resolve() : new Promise((resolve) => this.idle.push(resolve));
  }

  private async persist(stream: string, expected: ExpectedRevision, events: StoredEvent[]): Promise<Appended> {
    let cause: unknown;
    for (let attempt = 1; attempt <= APPEND_ATTEMPTS_MAX; attempt++) {
      const { generation } = this.shared;
      try {
        return await this.attempt(stream, expected, events);
      } catch (error) {
        cause = definite(error, stream, expected);
        if (error instanceof NoAnswer) await this.shared.renew(generation);
      }
      await pause(RETRY_PAUSE_MS * attempt);
    }
    throw new UnknownOutcomeError(`no answer to an append of ${events.length} events to ${stream}`, { cause });
  }

  private async attempt(stream: string, expected: ExpectedRevision, events: StoredEvent[]): Promise<Appended> {
    const client = await this.shared.client();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NoAnswer()), this.deadlineMs);
    });
    // What the client does with an attempt that was given up is nobody's concern any more.
    const answer = client.appendToStream(stream, events.map(toClient), { expectedRevision: expectedBy(expected), deadline: this.deadlineMs });
    answer.catch(() => undefined);
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

class NoAnswer extends Error {}

/** Rethrows what a repeat would not change, in our words. @returns the error when the outcome is unknown */
function definite(error: unknown, stream: string, expected: ExpectedRevision): unknown {
  if (error instanceof WrongExpectedVersionError) {
    const { actualVersion } = error;
    throw new WrongRevisionError(stream, expected, typeof actualVersion === 'bigint' ? Number(actualVersion) : undefined);
  }
  if (error instanceof MaxAppendSizeExceededError) throw commonError('invalid-input', `the append to ${stream} is larger than the event store accepts`);
  if (error instanceof StreamDeletedError || error instanceof AccessDeniedError) throw error;
  return error;
}

const toClient = ({ id, type, data, metadata }: StoredEvent) => jsonEvent({ id, type, data: data as Record<string, unknown>, metadata: { ...metadata } });

function expectedBy(expected: ExpectedRevision): AppendExpectedRevision {
  if (expected === 'none') return NO_STREAM;
  return expected === 'exists' ? STREAM_EXISTS : BigInt(expected);
}
