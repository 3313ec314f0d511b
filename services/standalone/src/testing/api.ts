import { type DevTokenRequest, fetchDevToken } from '@talon/http';

export interface Answer<T> {
  status: number;
  contentType: string | undefined;
  /** As it came. */
  text: string;
  body: T;
}

export interface Asking {
  as?: DevTokenRequest;
  body?: unknown;
  key?: string;
  headers?: Record<string, string>;
  timeoutMs?: number;
}

/** Any problem+json, as far as specs look at it. */
export interface Problem {
  status: number;
  code: string;
  detail?: string;
  errors?: { field: string }[];
}

/** Tokens of the development issuer, fetched once per holder. */
export class Tokens {
  private readonly known = new Map<string, Promise<string>>();

  constructor(
    private readonly issuer: string,
    private readonly keysDir: string,
  ) {}

  of(request: DevTokenRequest): Promise<string> {
    const name = JSON.stringify(request);
    let token = this.known.get(name);
    if (!token) this.known.set(name, (token = fetchDevToken(this.issuer, this.keysDir, request)));
    return token;
  }
}

/** The HTTP API of one running process, as its callers see it. */
export class Api {
  constructor(
    readonly url: string,
    readonly tokens: Tokens,
  ) {}

  /** @throws when no answer comes: the process is gone, or takes longer than `timeoutMs` (default 30 s) */
  async ask<T>(method: string, path: string, { as, body, key, headers, timeoutMs = 30_000 }: Asking = {}): Promise<Answer<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(as && { authorization: `Bearer ${await this.tokens.of(as)}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    return { status: response.status, contentType: response.headers.get('content-type') ?? undefined, text, body: json<T>(text) };
  }

  /** @throws unless the answer is a success */
  async must<T>(method: string, path: string, asking: Asking = {}): Promise<T> {
    const { status, text, body } = await this.ask<T>(method, path, asking);
    if (status >= 300) throw new Error(`${method} ${path} was answered with ${status}: ${text}`);
    return body;
  }
}

function json<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined as T;
  }
}
