import { EventStore } from '@talon/event-sourcing';
import { type Clock, deriveId, SystemClock } from '@talon/kernel';
import { SLOT_CATEGORY, slotCodec } from '../domain/events';
import type { BookingClaims, Claim, SweepCursor } from './ports';
import type { SlotDesk } from './slot-desk';

/** How long a booking has to appear after its slot was taken. Real time: it is about processes, and a rehearsal's clock jumps. */
export const ORPHAN_AGE_MS = 15_000;
/** Takes asked about at once. */
export const ORPHAN_BATCH_MAX = 500;
/** Batches per run. */
const BATCHES_MAX = 20;

const TAKES = { categories: [SLOT_CATEGORY], types: slotCodec.namesOf('SlotHeld', 'SlotReserved') };

/**
 * Finds slots that were taken for a booking that never appeared (a crash between the two) and gives them back. It follows the log at a
 * distance, so every take is asked about once.
 */
export class OrphanSweep {
  /** Where the log ended at which real time. */
  private readonly heads: { position: number; atMs: number }[] = [];

  constructor(
    private readonly store: EventStore,
    private readonly bookings: BookingClaims,
    private readonly desk: SlotDesk,
    private readonly cursor: SweepCursor,
    private readonly clock: Clock,
    private readonly realTime: Clock = new SystemClock(),
  ) {}

  /** Call every few seconds. @returns how many slots were given back */
  async run(): Promise<number> {
    const nowMs = this.realTime.nowMs();
    const position = await this.store.head();
    if (this.heads.at(-1)?.position !== position) this.heads.push({ position, atMs: nowMs });
    let limit = -1;
    while (this.heads[0] && this.heads[0].atMs <= nowMs - ORPHAN_AGE_MS) {
      limit = this.heads[0].position;
      if (this.heads.length === 1) break;
      if (this.heads[1]!.atMs > nowMs - ORPHAN_AGE_MS) break;
      this.heads.shift();
    }
    if (limit < 0) return 0;
    let released = 0;
    await this.cursor.advance(async (from) => {
      let at = from;
      for (let batch = 0; batch < BATCHES_MAX && at < limit; batch++) {
        const step = await this.step(at, limit);
        released += step.released;
        if (step.position === at) break;
        at = step.position;
      }
      return at;
    });
    return released;
  }

  private async step(after: number, limit: number): Promise<{ position: number; released: number }> {
    const page = await this.store.readAll(after, { max: ORPHAN_BATCH_MAX, filter: TAKES });
    const claims: Claim[] = [];
    for (const recorded of page.events) {
      if (recorded.position > limit) break;
      const event = slotCodec.decode(recorded);
      if (event.type !== 'SlotHeld' && event.type !== 'SlotReserved') continue;
      const { bookingId, sessionId, slot } = event.data;
      claims.push({ bookingId, sessionId, slot });
    }
    const orphans = claims.length === 0 ? [] : await this.bookings.orphans(claims);
    const metadata = { at: this.clock.now(), by: 'system:orphan-sweep' };
    const outcomes = await Promise.all(orphans.map((claim) => this.desk.release({ ...claim, commandId: deriveId('orphan', claim.bookingId), metadata })));
    return { position: Math.max(after, Math.min(page.position, limit)), released: outcomes.filter(({ released }) => released).length };
  }
}
