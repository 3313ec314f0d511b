import { serve } from '@talon/contracts';
import type { Rpc } from '@talon/kernel';
import type { OrphanSlots } from '../../application/orphan-slots';

/** Answers the other services' questions about bookings. */
export function serveBookingRpc(rpc: Rpc, orphanSlots: OrphanSlots): void {
  serve(rpc, 'booking.orphans', async ({ claims }) => ({ orphans: await orphanSlots.among(claims) }));
}
