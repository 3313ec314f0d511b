import { categoryOf } from '@talon/event-sourcing';
import type { Reaction } from '@talon/read-model';
import { SLOT_CATEGORY, slotCodec } from '../../domain/events';
import type { SlotStore } from '../../application/ports';
import type { SessionLoader } from '../../application/session-loader';

const SESSION_CATEGORY = 'session';
const FREED = slotCodec.namesOf('SlotReleased', 'HoldExpired', 'SlotWithdrawn', 'HoldConfirmed');

/**
 * Slots that were given back by a process that died before it told the fast copy. Telling it twice changes nothing. Taken slots need no
 * such care: whoever takes one leaves a pending mark.
 */
export const freedSlotsReaction = (slots: SlotStore): Reaction => ({
  name: 'inventory-fast-copy',
  filter: { categories: [SLOT_CATEGORY], types: FREED },
  async handle(events) {
    const bySession = new Map<string, { slot: number; mark: 'free' | 'withdrawn' | 'reserved'; revision: number }[]>();
    for (const recorded of events) {
      const { type, data } = slotCodec.decode(recorded);
      const mark = type === 'SlotWithdrawn' ? 'withdrawn' : type === 'HoldConfirmed' ? 'reserved' : 'free';
      const settlements = bySession.get(data.sessionId) ?? [];
      settlements.push({ slot: data.slot, mark, revision: recorded.revision });
      bySession.set(data.sessionId, settlements);
    }
    await Promise.all([...bySession].map(([sessionId, settlements]) => slots.settleAll(sessionId, settlements)));
  },
});

/** Changes of a session whose process died before it asked for `inventory.sync`. Sessions that are not loaded read their supply anyway. */
export const changedSessionsReaction = (slots: SlotStore, loader: SessionLoader): Reaction => ({
  name: 'inventory-supply',
  filter: { categories: [SESSION_CATEGORY] },
  async handle(events) {
    // The first event of a session's stream plans it: nobody can have loaded it before.
    const changed = events.filter(({ stream, revision }) => revision > 0 && categoryOf(stream) === SESSION_CATEGORY);
    for (const sessionId of new Set(changed.map(({ stream }) => stream.slice(SESSION_CATEGORY.length + 1)))) {
      if (await slots.read(sessionId)) await loader.sync(sessionId);
    }
  },
});
