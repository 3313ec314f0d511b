import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { type Api, ApiError, type ApiRequest, type ApiResponse, type Problem } from '../application/ports';
import { connectionFault } from './connection-fault';

/** Tries in all; pauses double from RETRY_PAUSE_MS. The platform may be restarting under a long replay. */
const ATTEMPTS_MAX = 8;
const RETRY_PAUSE_MS = 100;

/** The public API over a few kept-alive connections, with one access token. */
export class ApiClient implements Api {
  private readonly pool: Pool;
  /** Somebody answered before: a broken connection may heal. Before that it is rather a wrong address. */
  private answered = false;

  /** @param connections how many requests may be under way at once */
  constructor(readonly url: string, private readonly token: string | undefined, connections = 4) {
    this.pool = new Pool(url, { connections, pipelining: 1, headersTimeout: 30_000, bodyTimeout: 30_000 });
  }

  /** Sends; repeats what the platform calls retryable, and broken connections where a repeat is safe. */
  async send<T = Record<string, unknown>>(request: ApiRequest): Promise<ApiResponse<T>> {
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.once<T>(request);
        const again = response.status === 503 || (response.status === 409 && response.body.code === 'booking/in-progress');
        if (!again || attempt === ATTEMPTS_MAX) return response;
      } catch (error) {
        const fault = connectionFault(error);
        if (fault === undefined) throw error;
        const safe = request.method === undefined || request.method === 'GET' || request.key !== undefined;
        if (!safe || !this.answered || attempt === ATTEMPTS_MAX) {
          throw new Error(`The platform at ${this.url} does not answer: ${fault}. Is it running? Start it with: npm start`);
        }
      }
      await sleep(RETRY_PAUSE_MS * 2 ** (attempt - 1));
    }
  }

  /** As `send`, but anything except 2xx throws. @throws {ApiError} */
  async must<T>(request: ApiRequest): Promise<T> {
    const { status, body } = await this.send<T>(request);
    if (status >= 300) throw new ApiError(request, status, body);
    return body;
  }

  /** Every item of a list that pages by `next`. */
  async list<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    const joiner = path.includes('?') ? '&' : '?';
    for (let after: string | null = ''; after !== null; ) {
      const page: { items: T[]; next: string | null } = await this.must({ path: `${path}${joiner}limit=500${after ? `&after=${encodeURIComponent(after)}` : ''}` });
      items.push(...page.items);
      after = page.next;
    }
    return items;
  }

  close = () => this.pool.close();

  private async once<T>({ method = 'GET', path, body, key, now }: ApiRequest): Promise<ApiResponse<T>> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (this.token) headers['authorization'] = `Bearer ${this.token}`;
    if (body) headers['content-type'] = 'application/json';
    if (key) headers['idempotency-key'] = key;
    if (now) headers['talon-rehearsal-now'] = now;
    const response = await this.pool.request({ method, path, headers, body: body ? JSON.stringify(body) : undefined });
    const text = await response.body.text();
    this.answered = true;
    return { status: response.statusCode, body: this.parse(text) as T & Partial<Problem> };
  }

  private parse(text: string): unknown {
    try {
      return text ? JSON.parse(text) : {};
    } catch {
      throw new Error(`What answers at ${this.url} is not Talon: it does not speak JSON. Is TALON_URL right?`);
    }
  }
}
