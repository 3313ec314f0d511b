import type { SessionCopy, SlotMark } from '../../domain/session-copy';

/**
 * How one session lies in Redis: one string, so that a slot costs 17 bytes and an eighth of a bit map, whatever Redis spends per key.
 *
 * ```
 * 0   epoch      float64    8   session revision float64   16  opens at ms float64 (0: open)   24  ends at ms float64
 * 32  highest slot number, uint32   36  suspended, uint8   37  hospital id, 36 characters
 * 73  one bit per slot, 1 = free (past ones too)
 * …   per slot: mark uint8, revision + 1 uint32, bookable until, starts at, ends at: uint32 seconds
 * ```
 * All big-endian; the scripts read the same offsets. Mark 0: no such slot.
 */
const HEADER_BYTES = 73;
const RECORD_BYTES = 17;
const HOSPITAL_BYTES = 36;

const MARKS: readonly (SlotMark | undefined)[] = [undefined, 'free', 'held', 'reserved', 'withdrawn'];
export const markCode = (mark: SlotMark): number => MARKS.indexOf(mark);
/** @returns undefined for a number that is no slot */
export const markOf = (code: number): SlotMark | undefined => MARKS[code];
export const toSeconds = (ms: number): number => Math.floor(ms / 1000);

export function packCopy(copy: SessionCopy): Buffer {
  const highest = copy.slots.reduce((max, { number }) => Math.max(max, number), 0);
  const bitmapBytes = Math.ceil(highest / 8);
  const bytes = Buffer.alloc(HEADER_BYTES + bitmapBytes + highest * RECORD_BYTES);
  bytes.writeDoubleBE(copy.epoch, 0);
  bytes.writeDoubleBE(copy.revision, 8);
  bytes.writeDoubleBE(copy.opensAtMs, 16);
  bytes.writeDoubleBE(copy.endsAtMs, 24);
  bytes.writeUInt32BE(highest, 32);
  bytes.writeUInt8(copy.suspended ? 1 : 0, 36);
  bytes.write(copy.hospitalId.padEnd(HOSPITAL_BYTES), 37, HOSPITAL_BYTES, 'latin1');
  for (const slot of copy.slots) {
    const index = slot.number - 1;
    if (slot.mark === 'free') {
      const at = HEADER_BYTES + (index >> 3);
      bytes.writeUInt8(bytes.readUInt8(at) | (1 << (7 - (index & 7))), at);
    }
    const at = HEADER_BYTES + bitmapBytes + index * RECORD_BYTES;
    bytes.writeUInt8(markCode(slot.mark), at);
    bytes.writeUInt32BE(slot.revision + 1, at + 1);
    bytes.writeUInt32BE(toSeconds(slot.bookableUntilMs), at + 5);
    bytes.writeUInt32BE(toSeconds(slot.startsAtMs), at + 9);
    bytes.writeUInt32BE(toSeconds(slot.endsAtMs), at + 13);
  }
  return bytes;
}
