export interface ApiRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: object;
  /** Idempotency-Key: makes every repeat of a request safe. */
  key?: string;
  /** Moves the rehearsal clock to this instant (ISO-8601) before the request is handled. */
  now?: string;
}

export interface Problem {
  code: string;
  title?: string;
  detail?: string;
  next?: string;
  retryable?: boolean;
  errors?: { field: string; message: string }[];
}

export interface ApiResponse<T> {
  status: number;
  body: T & Partial<Problem>;
}

/** An answer nobody planned for: says what was asked and what came back, in one sentence. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(request: ApiRequest, readonly status: number, readonly problem: Partial<Problem>) {
    const fields = problem.errors?.map((error) => `${error.field}: ${error.message}`).join('; ');
    const words = [problem.detail ?? problem.title, fields, problem.next].filter(Boolean).join(' – ');
    super(`${request.method ?? 'GET'} ${request.path} answered ${[status, problem.code].filter(Boolean).join(' ')}${words ? `: ${words}` : ''}`);
  }
}

/** The public API with one access token. Adapter: adapters/api-client.ts. */
export interface Api {
  /** Sends; repeats what the platform calls retryable, and broken connections where a repeat is safe. */
  send<T = Record<string, unknown>>(request: ApiRequest): Promise<ApiResponse<T>>;
  /** As `send`, but anything except 2xx throws. @throws {ApiError} */
  must<T>(request: ApiRequest): Promise<T>;
  /** Every item of a list that pages by `next`. */
  list<T>(path: string): Promise<T[]>;
}

/** The API as the people of a command see it. */
export interface Platform {
  /** Authority admin: directory and sessions. */
  admin: Api;
  /** A portal: patients and bookings. */
  portal: Api;
  /** Operator: the rehearsal's clock. */
  operator: Api;
}

/** Starts a progress display of `total` steps. */
export type ProgressFactory = (label: string, total: number) => { step(count?: number): void; stop(): void };
