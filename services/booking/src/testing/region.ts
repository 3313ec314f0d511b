import { type ReserveSlot, type SessionFacts, type SlotTaken, serve } from '@talon/contracts';
import { type Rpc, defineErrors } from '@talon/kernel';

const inventoryError = defineErrors('inventory', {
  'slot-taken': { category: 'conflict', title: 'Slot is taken', next: 'Choose another slot.' },
  'sold-out': { category: 'conflict', title: 'Session is sold out', next: 'Choose another session.' },
});

export interface PlannedSession extends SessionFacts {
  slots: { startsAt: string; endsAt: string; holder?: string }[];
}

/** Schedule, inventory and patients as booking sees them, in memory; hooks let a spec do something at a certain step. */
export class Region {
  readonly sessions = new Map<string, PlannedSession>();
  readonly erased = new Set<string>();
  readonly guardians = new Set<string>();
  readonly reserved: ReserveSlot[] = [];
  /** Runs after a slot was given and before booking hears of it. */
  afterReserve: (request: ReserveSlot, taken: SlotTaken) => Promise<void> = async () => undefined;
  /** What a crashed inventory does with releases. */
  releaseFails = false;
  private readonly releases = new Set<string>();

  serve(rpc: Rpc): void {
    serve(rpc, 'schedule.session', async ({ sessionId }) => this.sessions.get(sessionId) ?? null);
    serve(rpc, 'patient.standing', async ({ patientIds }) =>
      Object.fromEntries(patientIds.map((id) => [id, id.startsWith('00000000') ? 'unknown' : this.erased.has(id) ? 'erased' : 'active'])));
    serve(rpc, 'patient.may-act', async ({ guardianId, patientId, scope }) => ({ allowed: this.guardians.has(`${guardianId} ${patientId} ${scope}`) }));
    serve(rpc, 'inventory.reserve', (request) => this.reserve(request));
    serve(rpc, 'inventory.release', async (request) => this.release(request));
  }

  holders(sessionId: string): (string | undefined)[] {
    return this.sessions.get(sessionId)!.slots.map(({ holder }) => holder);
  }

  private async reserve(request: ReserveSlot): Promise<SlotTaken> {
    this.reserved.push(request);
    const { slots } = this.sessions.get(request.sessionId)!;
    const index = request.slot === undefined ? slots.findIndex(({ holder }) => holder === undefined) : request.slot - 1;
    const slot = slots[index];
    if (!slot) throw inventoryError('sold-out', 'no free slot');
    if (slot.holder !== undefined) throw inventoryError('slot-taken', 'not free');
    slot.holder = request.bookingId;
    const taken = { slot: index + 1, startsAt: slot.startsAt, endsAt: slot.endsAt };
    await this.afterReserve(request, taken);
    return taken;
  }

  private release({ sessionId, slot, bookingId, commandId }: { sessionId: string; slot: number; bookingId: string; commandId: string }) {
    if (this.releaseFails) throw new Error('inventory is away');
    const entry = this.sessions.get(sessionId)!.slots[slot - 1]!;
    if (this.releases.has(commandId) || entry.holder !== bookingId) return { released: false };
    this.releases.add(commandId);
    entry.holder = undefined;
    return { released: true };
  }
}
