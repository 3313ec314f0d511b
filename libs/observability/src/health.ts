import { HealthChecks, type DependencyHealth, type HealthReport } from '@talon/kernel';

/** A check that has not answered by then counts as down. */
export const HEALTH_DEADLINE_MS = 2_000;

/** Resolves when the dependency works, rejects when not. Must be cheap: orchestrators ask every few seconds. */
export type HealthCheck = () => Promise<void>;

/** The dependencies of this process by name. */
export class HealthRegistry extends HealthChecks {
  private readonly checks = new Map<string, { check: HealthCheck; optional: boolean }>();

  constructor(private readonly deadlineMs = HEALTH_DEADLINE_MS) {
    super();
  }

  /**
   * @param options.optional bookings go on without it: when it is down the process is degraded, not down
   * @throws when the name is taken: two checks under one name would hide each other
   */
  add(name: string, check: HealthCheck, options: { optional?: boolean } = {}): void {
    if (this.checks.has(name)) throw new Error(`health check ${name} is registered twice`);
    this.checks.set(name, { check, optional: options.optional ?? false });
  }

  override async ready(): Promise<HealthReport> {
    const dependencies = await Promise.all([...this.checks].map(([name, { check, optional }]) => this.ask(name, check, optional)));
    const down = dependencies.filter(({ status }) => status === 'down');
    const status = down.length === 0 ? 'up' : down.every(({ optional }) => optional) ? 'degraded' : 'down';
    return { status, dependencies };
  }

  private async ask(name: string, check: HealthCheck, optional: boolean): Promise<DependencyHealth> {
    const startedAt = performance.now();
    const reason = await this.outcome(check);
    const latencyMs = Math.round((performance.now() - startedAt) * 10) / 10;
    const report = { name, latencyMs, ...(optional && { optional }) };
    return reason === undefined ? { ...report, status: 'up' } : { ...report, status: 'down', reason };
  }

  /** Why the check failed, in words of our own: messages of drivers carry addresses and user names. */
  private async outcome(check: HealthCheck): Promise<string | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve('no answer in time'), this.deadlineMs);
    });
    // The async wrapper turns a check that throws synchronously into a rejection.
    const answer = (async () => check())().then(() => undefined, () => 'the check failed');
    try {
      return await Promise.race([answer, deadline]);
    } finally {
      clearTimeout(timer);
    }
  }
}
