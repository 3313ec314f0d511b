import { call, type SessionSupply } from '@talon/contracts';
import type { Rpc } from '@talon/kernel';
import { SupplySource } from '../../application/ports';

export class ScheduleClient extends SupplySource {
  constructor(private readonly rpc: Rpc) {
    super();
  }
  override supply(sessionId: string): Promise<SessionSupply | null> {
    return call(this.rpc, 'schedule.supply', { sessionId });
  }
}
