import { type ReserveSlot, type SlotTaken, call } from '@talon/contracts';
import type { EventMetadata } from '@talon/event-sourcing';
import type { Rpc } from '@talon/kernel';
import { SlotInventory } from '../../application/ports';

/** SlotInventory over the platform's rpc. */
export class InventoryClient extends SlotInventory {
  constructor(private readonly rpc: Rpc) {
    super();
  }

  override reserve(request: ReserveSlot): Promise<SlotTaken> {
    return call(this.rpc, 'inventory.reserve', request);
  }

  override async release(request: { sessionId: string; slot: number; bookingId: string; commandId: string; metadata: EventMetadata }): Promise<void> {
    await call(this.rpc, 'inventory.release', request);
  }
}
