import { call } from '@talon/contracts';
import type { Rpc } from '@talon/kernel';
import { BookingClaims, type Claim } from '../../application/ports';

const ORPHANS_TIMEOUT_MS = 20_000;

export class BookingClient extends BookingClaims {
  constructor(private readonly rpc: Rpc) {
    super();
  }
  override async orphans(claims: Claim[]): Promise<Claim[]> {
    return (await call(this.rpc, 'booking.orphans', { claims }, ORPHANS_TIMEOUT_MS)).orphans;
  }
}
