import { readLog } from '../adapters/event-log';
import { factOf } from '../adapters/audit-facts';
import { withPlatform } from '../adapters/platform-context';
import { table } from '../adapters/tables';
import { Audit } from '../domain/audit';
import { type Breach, INVARIANTS, type Invariant } from '../domain/audit-facts';
import { print } from './session';

/** Breaches printed in full; all are counted. */
const SHOWN_MAX = 50;

export interface AuditReport {
  passed: boolean;
  events: number;
  /** Breaches by invariant; 0 where it holds. */
  invariants: Record<Invariant, number>;
  breaches: Breach[];
  seconds: number;
}

/** Folds the whole log, then rebuilds every read model in a transaction and compares (I6). Exit code 1 when anything is broken. */
export async function auditCommand(options: { json?: boolean }): Promise<void> {
  const report = await withPlatform(async ({ store, feeds, clock }) => {
    const startedMs = Date.now();
    const audit = new Audit();
    process.stderr.write('Reading the log …\n');
    await readLog(store, (event) => audit.add(factOf(event)));
    const head = await store.head();
    for (const { name, position } of await feeds.lag()) audit.addCursor(name, position, head);
    const breaches = [...audit.finish(clock.now())];
    for (const name of feeds.projections) {
      process.stderr.write(`Comparing ${name} with the log …\n`);
      const { differences } = await feeds.rebuild(name);
      if (differences) breaches.push({ invariant: 'I6', position: head, stream: name, message: `${differences} row(s) were not what the log says; they are rebuilt now` });
    }
    return reportOf(breaches, audit.events, (Date.now() - startedMs) / 1_000);
  });
  print(options.json, report, () => describe(report));
  if (!report.passed) process.exitCode = 1;
}

function reportOf(breaches: Breach[], events: number, seconds: number): AuditReport {
  const names = Object.keys(INVARIANTS) as Invariant[];
  const invariants = Object.fromEntries(names.map((name) => [name, breaches.filter(({ invariant }) => invariant === name).length])) as Record<Invariant, number>;
  return { passed: breaches.length === 0, events, invariants, breaches: breaches.slice(0, SHOWN_MAX), seconds };
}

function describe({ passed, events, invariants, breaches, seconds }: AuditReport): string {
  const names = Object.keys(INVARIANTS) as Invariant[];
  const lines = [table(['', 'invariant', 'breaches'], names.map((name) => [name, INVARIANTS[name], invariants[name]])), ''];
  if (breaches.length) lines.push(table(['broken', 'position', 'stream', 'what'], breaches.map((b) => [b.invariant, b.position, b.stream, b.message])), '');
  lines.push(`${events} events in ${seconds.toFixed(1)} s: ${passed ? 'every invariant holds.' : 'BROKEN.'}`);
  return lines.join('\n');
}
