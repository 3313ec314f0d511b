import { type Clock, deriveId } from '@talon/kernel';
import type { OpenHolds } from './ports';
import type { SlotDesk } from './slot-desk';

/** Holds ended per look; the rest waits for the next one. */
export const EXPIRE_BATCH_MAX = 200;

/**
 * Ends holds that are over. Several processes may do it at once: the event id derives from the hold, so it is ended once. A crash leaves the
 * hold to the next look.
 */
export class HoldSweep {
  constructor(
    private readonly holds: OpenHolds,
    private readonly desk: SlotDesk,
    private readonly clock: Clock,
  ) {}

  /** @returns how many holds this call ended */
  async run(): Promise<number> {
    const due = await this.holds.due(this.clock.now(), EXPIRE_BATCH_MAX);
    const metadata = { at: this.clock.now(), by: 'system:hold-sweep' };
    const ended = await Promise.all(
      due.map((hold) => this.desk.expire({ ...hold, commandId: deriveId('expire', hold.bookingId, hold.holdUntil), metadata })),
    );
    return ended.filter(Boolean).length;
  }
}
