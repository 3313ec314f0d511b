import type { Role } from '@talon/kernel';
import { tokenFor } from '../adapters/access';

export async function tokenCommand(role: Role, options: { patient?: string; hospital?: string[]; portal?: string; subject?: string }): Promise<void> {
  const token = await tokenFor({ role, patientId: options.patient, hospitalIds: options.hospital, portalId: options.portal, subject: options.subject });
  process.stdout.write(`${token}\n`);
}
