import { type Msg, RequestError } from '@nats-io/transport-node';
import {
  DomainError,
  type ErrorDefinition,
  Rpc,
  type Trace,
  commonError,
  currentTrace,
  errorTables,
  isDomainError,
  withTrace,
} from '@talon/kernel';
import type { NatsClient, NatsGate } from './nats-gate';

export const RPC_TIMEOUT_MS_DEFAULT = 5_000;
const RPC_TIMEOUT_MS_MAX = 30_000;
/** Requests one process works on at a time; more are refused as unavailable, so that a flood cannot grow without end. */
const RPC_IN_FLIGHT_MAX = 2_000;
/** Processes that serve the same subject share its requests. */
const QUEUE = 'talon';

interface Question {
  trace?: Trace;
  request: unknown;
}

type Answer =
  | { ok: unknown }
  | { error: { code: string; definition: ErrorDefinition; detail: string; extra: DomainError['extra'] } }
  | { fault: true };

/** Request/reply between processes. `undefined` travels as null; everything else must be plain JSON. */
export class NatsRpc extends Rpc {
  private readonly served = new Set<string>();
  private inFlight = 0;

  /** @param onFault told about what a handler threw besides refusals; the caller learns nothing of it */
  constructor(private readonly nats: NatsGate, private readonly onFault?: (error: unknown, subject: string) => void) {
    super();
  }

  override serve<Req, Res>(subject: string, handler: (request: Req) => Promise<Res>): void {
    if (this.served.has(subject)) throw new Error(`rpc subject ${subject} is served twice`);
    this.served.add(subject);
    this.nats.whenReady((client: NatsClient) => {
      client.subscribe(`_talon.rpc.${subject}`, {
        queue: QUEUE,
        callback: (error, message) => {
          if (!error) void this.answer(subject, message, handler as (request: unknown) => Promise<unknown>);
        },
      });
    });
  }

  override async request<Req, Res>(subject: string, request: Req, timeoutMs = RPC_TIMEOUT_MS_DEFAULT): Promise<Res> {
    const client = this.nats.current;
    if (!client) throw commonError('unavailable', 'The services cannot reach each other right now');
    const question: Question = { trace: currentTrace(), request };
    const timeout = Math.min(Math.max(timeoutMs, 1), RPC_TIMEOUT_MS_MAX);
    let answer: Answer;
    try {
      answer = (await client.request(`_talon.rpc.${subject}`, JSON.stringify(question), { timeout })).json<Answer>();
    } catch (error) {
      const why = error instanceof RequestError && error.isNoResponders() ? 'Nobody serves' : 'No answer in time from';
      throw commonError('unavailable', `${why} ${subject}`);
    }
    if ('ok' in answer) return answer.ok as Res;
    if ('error' in answer) throw revive(answer.error);
    throw commonError('unavailable', `${subject} failed`);
  }

  private async answer(subject: string, message: Msg, handler: (request: unknown) => Promise<unknown>) {
    let answer: Answer;
    this.inFlight++;
    try {
      if (this.inFlight > RPC_IN_FLIGHT_MAX) throw commonError('unavailable', `${subject} has too much to do`);
      const { trace, request } = message.json<Question>();
      const value = await (trace ? withTrace(trace, () => handler(request)) : handler(request));
      answer = { ok: value ?? null };
    } catch (error) {
      if (isDomainError(error)) {
        answer = { error: { code: error.code, definition: error.definition, detail: error.message, extra: error.extra } };
      } else {
        this.onFault?.(error, subject);
        answer = { fault: true };
      }
    } finally {
      this.inFlight--;
    }
    // After a reconnect the asker may be gone; it then counts as no answer there.
    if (this.nats.connected) message.respond(JSON.stringify(answer));
  }
}

/** The error as this process defines it; a code of a service it does not run comes with its definition. */
function revive({ code, definition, detail, extra }: { code: string; definition: ErrorDefinition; detail: string; extra: DomainError['extra'] }) {
  const slash = code.indexOf('/');
  const own = errorTables.get(code.slice(0, slash))?.[code.slice(slash + 1)];
  return new DomainError(code, own ?? definition, detail, extra);
}
