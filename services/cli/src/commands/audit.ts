import type { PlatformConfig } from '@talon/platform';
import { factOf } from '../adapters/audit-facts';
import { withPlatform } from '../adapters/platform-context';
import { table } from '../adapters/tables';
import { auditLog, type AuditReport } from '../application/audit-log';
import { INVARIANTS, type Invariant } from '../domain/audit-facts';
import { print } from './print';

/** Exit code 1 when anything is broken. */
export async function auditCommand(options: { json?: boolean }): Promise<void> {
  const report = await auditPlatform((what) => void process.stderr.write(`${what} …\n`));
  print(options.json, report, () => describe(report));
  if (!report.passed) process.exitCode = 1;
}

/** @param config default: that of the environment */
export const auditPlatform = (say: (what: string) => void, config?: PlatformConfig): Promise<AuditReport> =>
  withPlatform(
    ({ store, feeds, clock }) =>
      auditLog({
        store,
        now: clock.now(),
        factOf,
        cursors: () => feeds.lag(),
        readModels: feeds.projections,
        rebuild: (name) => feeds.rebuild(name),
        say,
      }),
    config,
  );

function describe({ passed, events, invariants, breaches, seconds }: AuditReport): string {
  const names = Object.keys(INVARIANTS) as Invariant[];
  const lines = [table(['', 'invariant', 'breaches'], names.map((name) => [name, INVARIANTS[name], invariants[name]])), ''];
  if (breaches.length) lines.push(table(['broken', 'position', 'stream', 'what'], breaches.map((b) => [b.invariant, b.position, b.stream, b.message])), '');
  const unshown = names.reduce((sum, name) => sum + invariants[name], 0) - breaches.length;
  if (unshown > 0) lines.push(`… and ${unshown} more.`, '');
  lines.push(`${events} events in ${seconds.toFixed(1)} s: ${passed ? 'every invariant holds.' : 'BROKEN.'}`);
  return lines.join('\n');
}
