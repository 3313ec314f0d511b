import type { SlotState } from '@talon/contracts';
import type { Clock } from '@talon/kernel';
import { inventoryError } from '../domain/errors';
import type { SessionCopy } from '../domain/session-copy';
import type { SlotStore } from './ports';
import type { SessionLoader } from './session-loader';

/** Counts are remembered so long. */
const COUNTS_TTL_MS = 500;
const COUNTS_MAX = 20_000;
/** Sessions read at the same time. */
const READS_AT_ONCE_MAX = 32;
const VIEW_ATTEMPTS_MAX = 3;

type Counts = { free: number; taken: number };

/** Lists and counts from the fast copy; sessions it does not know are loaded. */
export class SessionViews {
  private readonly remembered = new Map<string, { counts: Counts; untilMs: number }>();

  constructor(
    private readonly slots: SlotStore,
    private readonly loader: SessionLoader,
    private readonly clock: Clock,
  ) {}

  /** As `inventory.slots`. */
  async view(sessionId: string): Promise<{ number: number; state: SlotState }[]> {
    const copy = await this.copyOf(sessionId);
    if (!copy) throw inventoryError('session-unknown', `There is no session ${sessionId}`);
    return this.statesOf(copy);
  }

  /** As `inventory.counts`. Withdrawn and past slots are neither free nor taken. */
  async counts(sessionIds: string[]): Promise<Record<string, Counts>> {
    const nowMs = performance.now();
    const answer: Record<string, Counts> = {};
    const missing: string[] = [];
    for (const sessionId of sessionIds) {
      const known = this.remembered.get(sessionId);
      if (known && known.untilMs > nowMs) answer[sessionId] = known.counts;
      else missing.push(sessionId);
    }
    for (let from = 0; from < missing.length; from += READS_AT_ONCE_MAX) {
      await Promise.all(missing.slice(from, from + READS_AT_ONCE_MAX).map(async (sessionId) => {
        const copy = await this.copyOf(sessionId);
        if (copy) answer[sessionId] = this.remember(copy, nowMs);
      }));
    }
    return answer;
  }

  private remember(copy: SessionCopy, nowMs: number): Counts {
    const states = this.statesOf(copy);
    const counts = {
      free: states.filter(({ state }) => state === 'free').length,
      taken: states.filter(({ state }) => state === 'held' || state === 'reserved').length,
    };
    if (this.remembered.size >= COUNTS_MAX) this.remembered.clear();
    this.remembered.set(copy.sessionId, { counts, untilMs: nowMs + COUNTS_TTL_MS });
    return counts;
  }

  private statesOf(copy: SessionCopy): { number: number; state: SlotState }[] {
    const nowMs = this.clock.nowMs();
    const over = nowMs >= copy.endsAtMs;
    return copy.slots.map(({ number, mark, bookableUntilMs }) => ({
      number,
      state: mark === 'free' && (over || nowMs >= bookableUntilMs) ? 'past' : mark,
    }));
  }

  private async copyOf(sessionId: string): Promise<SessionCopy | null> {
    for (let attempt = 1; attempt <= VIEW_ATTEMPTS_MAX; attempt++) {
      const copy = await this.slots.read(sessionId);
      if (copy) return copy;
      if (!(await this.loader.load(sessionId))) return null;
    }
    // The fast copy forgets as fast as it is filled: the log itself answers.
    return this.loader.fromLog(sessionId);
  }
}
