import type { Log } from '@talon/kernel';
import { setTimeout as pause } from 'node:timers/promises';
import { EXPIRE_BATCH_MAX, type ExpireBookings } from '../../application/expire-bookings';

/** Real time between sweeps; what is due is decided by the Clock, also in a rehearsal. */
const SWEEP_MS = 250;

/** Ends overdue bookings until it is stopped. */
export class ExpiryTimer {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly expire: ExpireBookings,
    private readonly log?: Log,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Resolves when the sweep at work is through. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run() {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      let ended = 0;
      try {
        ended = await this.expire.sweep();
      } catch (error) {
        this.log?.warn({ err: error }, 'overdue bookings could not be ended; trying again');
      }
      if (ended < EXPIRE_BATCH_MAX) await pause(SWEEP_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
