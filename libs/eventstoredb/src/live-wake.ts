import { type AllStreamSubscription, END } from '@eventstore/db-client';
import { LocalWake } from '@talon/kernel';
import type { SharedClient } from './shared-client';

/** Pause before a broken subscription is made again, milliseconds. */
const RECONNECT_MS = 500;

/**
 * Signals when anybody appended anything: a live subscription to the end of the log. Only a hint: while it is broken, subscriptions poll.
 */
export class LiveWake extends LocalWake {
  private subscription: AllStreamSubscription | undefined;
  private timer: NodeJS.Timeout | undefined;
  private started = false;
  private stopped = false;

  constructor(private readonly shared: SharedClient) {
    super();
  }

  /** A repeat changes nothing. */
  start(): void {
    if (this.started) return;
    this.started = true;
    void this.follow();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.subscription?.unsubscribe().catch(() => undefined);
  }

  private async follow() {
    const client = await this.shared.client();
    if (this.stopped) return;
    const subscription = client.subscribeToAll({ fromPosition: END });
    this.subscription = subscription;
    let ended = false;
    const again = () => {
      if (ended || this.stopped) return;
      ended = true;
      this.timer = setTimeout(() => void this.follow(), RECONNECT_MS);
      this.timer.unref();
    };
    // Whatever was appended before the subscription stood was announced by nobody.
    subscription.on('confirmation', () => this.signal());
    subscription.on('data', () => this.signal());
    subscription.on('error', again);
    subscription.on('end', again);
    subscription.on('close', again);
  }
}
