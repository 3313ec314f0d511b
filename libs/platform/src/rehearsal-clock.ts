import { type EventStore, START } from '@talon/event-sourcing';
import { ManualClock } from '@talon/kernel';
import type { NatsGate } from '@talon/nats';

/** Where a rehearsal begins when nothing has happened yet. */
const BEGINNING = '1970-01-01T00:00:00.000Z';
/** Other processes hear of the time at most this often, milliseconds; the last instant is always sent. */
const BROADCAST_MS = 50;

/** The clock of a rehearsal: stands still until somebody moves it, forward only; the clocks of all processes follow within a tenth of a second. */
export class RehearsalClock extends ManualClock {
  private timer: NodeJS.Timeout | undefined;

  private constructor(startMs: number, private readonly nats: NatsGate) {
    super(startMs);
    nats.onBroadcast('clock', (instant) => void (typeof instant === 'number' && super.advanceTo(instant)));
    // A process that starts later asks for the time, which may be ahead of the last event.
    nats.onBroadcast('clock-asked', () => this.send());
    nats.onConnect(() => nats.broadcast('clock-asked', 1));
  }

  /** Starts at the instant of the last event in the store. */
  static async start(store: EventStore, nats: NatsGate): Promise<RehearsalClock> {
    const head = await store.head();
    const last = head > START ? (await store.readAll(head - 1, { max: 1 })).events.at(-1) : undefined;
    return new RehearsalClock(Date.parse(last?.metadata.at ?? BEGINNING), nats);
  }

  /** As ManualClock, for every process. */
  override advanceTo(instantMs: number): boolean {
    const moved = super.advanceTo(instantMs);
    if (moved) this.timer ??= setTimeout(() => this.send(), BROADCAST_MS).unref();
    return moved;
  }

  private send() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.nats.broadcast('clock', this.nowMs());
  }
}
