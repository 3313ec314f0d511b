/**
 * Questions and commands between services. In `standalone` a direct call, between processes NATS request/reply.
 * Subjects are `<service>.<method>`; payloads and answers are plain JSON; a DomainError arrives as the DomainError it was.
 */
export abstract class Rpc {
  /** Answers `subject` in this process. Serving a subject twice is a programming error and throws. */
  abstract serve<Req, Res>(subject: string, handler: (request: Req) => Promise<Res>): void;
  /**
   * @param timeoutMs deadline, 1 to 30 000, default 5 000
   * @throws {DomainError} what the other side threw; `talon/unavailable` when nobody answered in time (the outcome is then unknown)
   */
  abstract request<Req, Res>(subject: string, request: Req, timeoutMs?: number): Promise<Res>;
}

/** Calls handlers of the same process directly, without a copy: callers must not change what they sent or got. */
export class InProcessRpc extends Rpc {
  private readonly handlers = new Map<string, (request: never) => Promise<unknown>>();

  override serve<Req, Res>(subject: string, handler: (request: Req) => Promise<Res>) {
    if (this.handlers.has(subject)) throw new Error(`rpc subject ${subject} is served twice`);
    this.handlers.set(subject, handler);
  }

  override request<Req, Res>(subject: string, request: Req): Promise<Res> {
    const handler = this.handlers.get(subject) as ((request: Req) => Promise<Res>) | undefined;
    if (!handler) return Promise.reject(new Error(`nobody serves rpc subject ${subject}`));
    return handler(request);
  }
}
