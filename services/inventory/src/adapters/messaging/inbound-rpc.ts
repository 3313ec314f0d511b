import { serve } from '@talon/contracts';
import type { Rpc } from '@talon/kernel';
import type { SessionLoader } from '../../application/session-loader';
import type { SessionViews } from '../../application/session-views';
import type { SlotDesk } from '../../application/slot-desk';

/** Answers the other services. Straight to the application: this is the hot path, and a bus would add nothing but its cost. */
export function serveInventory(rpc: Rpc, { desk, loader, views }: { desk: SlotDesk; loader: SessionLoader; views: SessionViews }) {
  serve(rpc, 'inventory.reserve', (request) => desk.reserve(request));
  serve(rpc, 'inventory.release', (request) => desk.release(request));
  serve(rpc, 'inventory.confirm', (request) => desk.confirm(request));
  serve(rpc, 'inventory.withdraw', (request) => desk.withdraw(request));
  serve(rpc, 'inventory.counts', ({ sessionIds }) => views.counts(sessionIds));
  serve(rpc, 'inventory.slots', ({ sessionId }) => views.view(sessionId));
  serve(rpc, 'inventory.sync', async ({ sessionId }) => {
    await loader.sync(sessionId);
    return {};
  });
}
