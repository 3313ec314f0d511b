import { Inject, Injectable } from '@nestjs/common';
import { call, type SlotState } from '@talon/contracts';
import { Rpc } from '@talon/kernel';
import { SlotStock, type Withdrawal } from '../../application/ports';

/** Lists rather show no numbers than wait for a stock that is in trouble. */
const LIST_TIMEOUT_MS = 2_000;

/** SlotStock over inventory's RPC. */
@Injectable()
export class SlotStockClient extends SlotStock {
  constructor(@Inject(Rpc) private readonly rpc: Rpc) {
    super();
  }

  override withdraw(withdrawal: Withdrawal) {
    return call(this.rpc, 'inventory.withdraw', withdrawal);
  }

  override async sync(sessionId: string) {
    await call(this.rpc, 'inventory.sync', { sessionId });
  }

  override async free(sessionIds: string[]) {
    const counts = await call(this.rpc, 'inventory.counts', { sessionIds }, LIST_TIMEOUT_MS);
    return new Map(Object.entries(counts).map(([sessionId, { free }]) => [sessionId, free]));
  }

  override async states(sessionId: string): Promise<Map<number, SlotState>> {
    const slots = await call(this.rpc, 'inventory.slots', { sessionId }, LIST_TIMEOUT_MS);
    return new Map(slots.map(({ number, state }) => [number, state]));
  }
}
