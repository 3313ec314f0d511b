/** The part of a structured logger the libraries need; a pino logger is one. Objects carry ids, never personal data or secrets. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface DependencyHealth {
  name: string;
  status: 'up' | 'down';
  /** How long its check took, milliseconds. */
  latencyMs: number;
  /** Why it counts as down: a short phrase without addresses or secrets. */
  reason?: string;
  /** Bookings go on without it. */
  optional?: true;
}

export interface HealthReport {
  /** `degraded`: only optional dependencies are down, bookings go on. */
  status: 'up' | 'degraded' | 'down';
  dependencies: DependencyHealth[];
}

/** What `/health/ready` asks. Adapter: HealthRegistry in libs/observability. */
export abstract class HealthChecks {
  /** Asks every dependency at once; each has a deadline, so the answer comes within seconds. Never rejects. */
  abstract ready(): Promise<HealthReport>;
}

/** What `/metrics` shows. Adapter: PrometheusMetrics in libs/observability. */
export abstract class MetricsPage {
  abstract readonly contentType: string;
  abstract render(): Promise<string>;
}

/** Told about every answered request. Adapter: PrometheusMetrics in libs/observability. */
export abstract class RequestObserver {
  /**
   * @param route the template (`/v1/bookings/:id`), never the address: addresses carry ids without end
   * @param seconds from the first byte in to the last byte out
   */
  abstract observe(method: string, route: string, status: number, seconds: number): void;
}
