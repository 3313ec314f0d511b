import type { EventStore, RecordedEvent } from '@talon/event-sourcing';
import { Audit } from '../domain/audit';
import { type Breach, type Fact, INVARIANTS, type Invariant } from '../domain/audit-facts';
import { readLog } from './read-log';

/** Breaches reported in full; all are counted. */
const SHOWN_MAX = 50;

export interface AuditReport {
  passed: boolean;
  events: number;
  /** Breaches by invariant; 0 where it holds. */
  invariants: Record<Invariant, number>;
  breaches: Breach[];
  seconds: number;
}

/** What an audit looks at. */
export interface Audited {
  store: EventStore;
  /** The platform's present instant, ISO-8601 UTC. */
  now: string;
  factOf(event: RecordedEvent): Fact;
  /** Consumers of the log and how far they are. */
  cursors(): Promise<{ name: string; position: number }[]>;
  readModels: readonly string[];
  /** Builds a read model again from the log. @returns rows that were not what the log says */
  rebuild(name: string): Promise<{ differences: number }>;
  /** Called before each part, with what it does. */
  say(what: string): void;
}

/** Folds the whole log, then rebuilds every read model and compares (I6). A platform may sell meanwhile: every prefix of the log must hold. */
export async function auditLog({ store, now, factOf, cursors, readModels, rebuild, say }: Audited): Promise<AuditReport> {
  const startedMs = performance.now();
  const audit = new Audit();
  say('Reading the log');
  await readLog(store, (event) => audit.add(factOf(event)));
  // Cursors first: they move on while we look, the end of the log only ever moves ahead of them.
  const consumers = await cursors();
  const head = await store.head();
  for (const { name, position } of consumers) audit.addCursor(name, position, head);
  const breaches = [...audit.finish(now)];
  for (const name of readModels) {
    say(`Comparing ${name} with the log`);
    const { differences } = await rebuild(name);
    const message = `${differences} difference(s) between read model ${name} and the log; it is rebuilt now`;
    if (differences) breaches.push({ invariant: 'I6', position: head, stream: name, message });
  }
  return reportOf(breaches, audit.events, (performance.now() - startedMs) / 1_000);
}

function reportOf(breaches: Breach[], events: number, seconds: number): AuditReport {
  const names = Object.keys(INVARIANTS) as Invariant[];
  const count = (name: Invariant) => breaches.filter(({ invariant }) => invariant === name).length;
  const invariants = Object.fromEntries(names.map((name) => [name, count(name)])) as Record<Invariant, number>;
  return { passed: breaches.length === 0, events, invariants, breaches: breaches.slice(0, SHOWN_MAX), seconds };
}
