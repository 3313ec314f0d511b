import type { QueryBus } from '@nestjs/cqrs';
import { serve } from '@talon/contracts';
import type { Rpc } from '@talon/kernel';
import { MayAct, PatientStandings } from '../../application/guardian.handlers';

/** Answers the other services' questions about patients. */
export function serveRpc(rpc: Rpc, queries: QueryBus): void {
  serve(rpc, 'patient.standing', ({ patientIds }) => queries.execute(new PatientStandings(patientIds)));
  serve(rpc, 'patient.may-act', async ({ guardianId, patientId, scope }) => ({ allowed: await queries.execute(new MayAct(guardianId, patientId, scope)) }));
}
