import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '@talon/kernel';
import { TemplatePlanner } from '../../application/template-planner';

/** How often the clock is looked at, real milliseconds. */
const LOOK_MS = 1_000;
/** Between two runs, milliseconds of the platform's time. */
const RUN_EVERY_MS = 60_000;

/** Runs the planner at the start and then once a minute of the platform's time; every process may. */
@Injectable()
export class PlannerTimer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(PlannerTimer.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private nextAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly planner: TemplatePlanner, @Inject(Clock) private readonly clock: Clock) {}

  onApplicationBootstrap() {
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  async beforeApplicationShutdown() {
    clearInterval(this.timer);
    await this.running;
  }

  private look() {
    const nowMs = this.clock.nowMs();
    if (this.running || nowMs < this.nextAtMs) return;
    this.nextAtMs = nowMs + RUN_EVERY_MS;
    this.running = this.run().finally(() => (this.running = undefined));
  }

  private async run() {
    try {
      const { more } = await this.planner.run();
      if (more) this.nextAtMs = Number.NEGATIVE_INFINITY;
    } catch (error) {
      // The next minute tries again; ids derive from what is planned, so nothing is planned twice.
      this.logger.warn({ err: error }, 'planning templates failed');
    }
  }
}
