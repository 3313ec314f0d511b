import type { HoldSweep } from '../../application/hold-sweep';
import { EXPIRE_BATCH_MAX } from '../../application/hold-sweep';
import type { OrphanSweep } from '../../application/orphan-sweep';

export const HOLD_SWEEP_MS = 250;
export const ORPHAN_SWEEP_MS = 5_000;

/** Calls the sweeps, in real time; what is due they decide by the platform's clock. Failures are looked at again at the next call. */
export class Sweepers {
  private readonly timers: NodeJS.Timeout[] = [];
  private running = new Set<Promise<unknown>>();

  constructor(
    private readonly holds: HoldSweep,
    private readonly orphans: OrphanSweep,
  ) {}

  start() {
    this.every(HOLD_SWEEP_MS, async () => {
      // A full batch means that more is waiting, e.g. after a rehearsal's clock jumped.
      while ((await this.holds.run()) >= EXPIRE_BATCH_MAX);
    });
    this.every(ORPHAN_SWEEP_MS, () => this.orphans.run());
  }

  /** Resolves when what is under way is through. */
  async stop() {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all(this.running);
  }

  private every(ms: number, work: () => Promise<unknown>) {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      const run: Promise<unknown> = work().catch(() => undefined).finally(() => {
        busy = false;
        this.running.delete(run);
      });
      this.running.add(run);
    }, ms);
    timer.unref();
    this.timers.push(timer);
  }
}
