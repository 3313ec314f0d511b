import { type SessionFacts, call } from '@talon/contracts';
import type { Rpc } from '@talon/kernel';
import { SessionCatalog } from '../../application/ports';

/** How long facts are believed: the hospital's limits among them may change. */
const FACTS_MS = 2_000;
/** Sessions kept per process; the one not asked for longest goes first. */
const FACTS_MAX = 20_000;

/** SessionCatalog over the platform's rpc. Ages are real time, in a rehearsal too: another process may have changed the limits. */
export class ScheduleClient extends SessionCatalog {
  private readonly known = new Map<string, { facts: Promise<SessionFacts | null>; until: number }>();

  constructor(private readonly rpc: Rpc) {
    super();
  }

  override session(sessionId: string): Promise<SessionFacts | null> {
    const now = performance.now();
    const entry = this.known.get(sessionId);
    if (entry && entry.until > now) return entry.facts;
    const facts = call(this.rpc, 'schedule.session', { sessionId });
    this.known.delete(sessionId);
    this.known.set(sessionId, { facts, until: now + FACTS_MS });
    if (this.known.size > FACTS_MAX) this.known.delete(this.known.keys().next().value!);
    // Only sessions that exist are remembered: one may be planned the moment after.
    const forget = () => this.known.get(sessionId)?.facts === facts && this.known.delete(sessionId);
    facts.then((found) => found ?? forget(), forget);
    return facts;
  }
}
