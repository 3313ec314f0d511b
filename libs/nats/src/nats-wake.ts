import { LocalWake } from '@talon/kernel';
import type { NatsGate } from './nats-gate';

/** Signals to other processes at most this often, milliseconds; the last one of a burst is always sent. */
const WAKE_INTERVAL_MS = 10;

/** Wakes this process at once and all others through NATS. What gets lost is found by polling. */
export class NatsWake extends LocalWake {
  private timer: NodeJS.Timeout | undefined;
  private again = false;

  constructor(private readonly nats: NatsGate) {
    super();
    nats.onBroadcast('wake', () => super.signal());
  }

  override signal(): void {
    super.signal();
    if (this.timer) this.again = true;
    else this.send();
  }

  private send() {
    this.again = false;
    this.nats.broadcast('wake', 1);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.again) this.send();
    }, WAKE_INTERVAL_MS).unref();
  }
}
