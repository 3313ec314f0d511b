import type { DataSource } from 'typeorm';
import { OpenHolds, type DueHold } from '../../application/ports';

export class HoldQuery extends OpenHolds {
  constructor(private readonly dataSource: DataSource) {
    super();
  }
  override due(now: string, max: number): Promise<DueHold[]> {
    return this.dataSource.query(
      `SELECT session_id AS "sessionId", slot, booking_id AS "bookingId", hold_until AS "holdUntil"
         FROM inventory.holds WHERE hold_until <= $1 ORDER BY hold_until LIMIT $2`,
      [now, max],
    );
  }
}
