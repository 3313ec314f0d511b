import { HealthChecks, type DependencyHealth, type HealthReport } from '@talon/kernel';

/** A check that has not answered by then counts as down. */
export const HEALTH_DEADLINE_MS = 2_000;

/** Resolves when the dependency works, rejects when not. Must be cheap: orchestrators ask every few seconds. */
export type HealthCheck = () => Promise<void>;

/** The dependencies of this process by name. */
export class HealthRegistry extends HealthChecks {
  private readonly checks = new Map<string, HealthCheck>();

  constructor(private readonly deadlineMs = HEALTH_DEADLINE_MS) {
    super();
  }

  /** @throws when the name is taken: two checks under one name would hide each other */
  add(name: string, check: HealthCheck): void {
    if (this.checks.has(name)) throw new Error(`health check ${name} is registered twice`);
    this.checks.set(name, check);
  }

  override async ready(): Promise<HealthReport> {
    const dependencies = await Promise.all([...this.checks].map(([name, check]) => this.ask(name, check)));
    return { status: dependencies.every(({ status }) => status === 'up') ? 'up' : 'down', dependencies };
  }

  private async ask(name: string, check: HealthCheck): Promise<DependencyHealth> {
    const startedAt = performance.now();
    const reason = await this.outcome(check);
    const latencyMs = Math.round((performance.now() - startedAt) * 10) / 10;
    return reason === undefined ? { name, status: 'up', latencyMs } : { name, status: 'down', latencyMs, reason };
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
