import { inventoryEvents, type Outbound } from '@talon/contracts';
import type { RecordedEvent } from '@talon/event-sourcing';
import { SLOT_CATEGORY, slotCodec, type SlotEvent } from '../../domain/events';

const { slotTaken, slotFreed } = inventoryEvents;
const named = (types: SlotEvent['type'][], publicType: string) => Object.fromEntries(slotCodec.namesOf(...types).map((name) => [name, [publicType]]));

/** What the world learns of slots: that one went and that one came back, never whose it is. */
export const inventoryOutbound: Outbound = {
  categories: [SLOT_CATEGORY],
  storedNames: {
    ...named(['SlotHeld', 'SlotReserved'], slotTaken.type),
    ...named(['SlotReleased', 'HoldExpired'], slotFreed.type),
  },
  map(recorded: RecordedEvent) {
    const event = slotCodec.decode(recorded);
    const { sessionId, hospitalId, slot } = event.data;
    switch (event.type) {
      case 'SlotHeld':
        return slotTaken.of({ sessionId, hospitalId, slot, heldUntil: event.data.holdUntil });
      case 'SlotReserved':
        return slotTaken.of({ sessionId, hospitalId, slot });
      case 'SlotReleased':
        return slotFreed.of({ sessionId, hospitalId, slot, cause: 'released' });
      case 'HoldExpired':
        return slotFreed.of({ sessionId, hospitalId, slot, cause: 'expired' });
      case 'HoldConfirmed':
      case 'SlotWithdrawn':
        return null;
    }
  },
};
