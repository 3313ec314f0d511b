import { type Projection, upsertRows } from '@talon/read-model';
import { SLOT_CATEGORY, slotCodec } from '../../domain/events';
import { HoldRow } from './hold.entity';

/** Open holds, so that their ends can be found by time. */
export const holdProjection: Projection = {
  name: 'inventory-holds',
  filter: { categories: [SLOT_CATEGORY], types: slotCodec.namesOf('SlotHeld', 'HoldConfirmed', 'SlotReleased', 'HoldExpired') },
  tables: ['inventory.holds'],
  async apply(events, tx) {
    const last = new Map<string, HoldRow | { sessionId: string; slot: number }>();
    for (const recorded of events) {
      const { type, data } = slotCodec.decode(recorded);
      const { sessionId, slot } = data;
      const open = type === 'SlotHeld' ? Object.assign(new HoldRow(), { sessionId, slot, bookingId: data.bookingId, holdUntil: data.holdUntil }) : { sessionId, slot };
      last.set(recorded.stream, open);
    }
    const rows = [...last.values()];
    const open = rows.filter((row) => row instanceof HoldRow);
    const ended = rows.filter((row) => !(row instanceof HoldRow));
    await upsertRows(tx, HoldRow, open);
    if (ended.length === 0) return;
    await tx.query(
      `DELETE FROM inventory.holds USING jsonb_to_recordset($1::jsonb) AS ended("sessionId" uuid, slot integer)
        WHERE holds.session_id = ended."sessionId" AND holds.slot = ended.slot`,
      [JSON.stringify(ended)],
    );
  },
};
