import { type Clock, SystemClock } from '@talon/kernel';
import type { RedisGate } from '@talon/redis';
import { SlotStore, type Handed } from '../../application/ports';
import type { Ask, CopySupply, SessionCopy, Settlement, TakeReply } from '../../domain/session-copy';
import { loadSession, readSession, settleSlots, syncSession, takeSlots } from './slot-scripts';

/** Requests that travel in one script call, so that no call keeps Redis busy for long. */
export const TAKE_BATCH_MAX = 200;
const SETTLE_BATCH_MAX = 500;
/** How long news of taken slots is gathered. The copy keeps them from everybody already; only the pending mark waits, far below its lease. */
const SETTLE_GATHER_MS = 100;

interface Waiting {
  ask: Ask;
  resolve(handed: Handed): void;
  reject(error: unknown): void;
}

/** What one session collects until the end of the tick. */
interface Tick {
  sell: Waiting[];
  withdraw: Waiting[];
  settlements: Settlement[];
}

/** SlotStore over the scripts. What arrives in one tick for one session is one script call. */
export class RedisSlotStore extends SlotStore {
  private tick = new Map<string, Tick>();
  private takenNews = new Map<string, Settlement[]>();
  private suspectsListener: (sessionId: string, slots: number[]) => void = () => undefined;
  /** Leases outlive neither a rehearsal's jumps nor a standing clock: they are about processes, so they count real time. */
  private readonly realTime = new SystemClock();

  constructor(
    private readonly gate: RedisGate,
    private readonly clock: Clock,
  ) {
    super();
  }

  override take(sessionId: string, ask: Ask, sale: boolean): Promise<Handed> {
    return new Promise((resolve, reject) => {
      const tick = this.tickOf(sessionId);
      (sale ? tick.sell : tick.withdraw).push({ ask, resolve, reject });
    });
  }

  override settle(sessionId: string, settlement: Settlement) {
    this.tickOf(sessionId).settlements.push(settlement);
  }

  override load(copy: SessionCopy) {
    return this.gate.run(loadSession, copy);
  }

  override async settleAll(sessionId: string, settlements: Settlement[]): Promise<boolean> {
    let loaded = true;
    for (let from = 0; from < settlements.length; from += SETTLE_BATCH_MAX) {
      const reply = await this.gate.run(settleSlots, { sessionId, settlements: settlements.slice(from, from + SETTLE_BATCH_MAX) });
      loaded &&= reply === 'settled';
    }
    return loaded;
  }

  override sync(supply: CopySupply) {
    return this.gate.run(syncSession, supply);
  }

  override async read(sessionId: string): Promise<SessionCopy | null> {
    const reply = await this.gate.run(readSession, { sessionId, leaseNowMs: this.realTime.nowMs() });
    if (reply && reply.suspects.length > 0) this.suspectsListener(sessionId, reply.suspects);
    return reply?.copy ?? null;
  }

  override onSuspects(listener: (sessionId: string, slots: number[]) => void) {
    this.suspectsListener = listener;
  }

  override settleTaken(sessionId: string, settlement: Settlement) {
    if (this.takenNews.size === 0) setTimeout(() => this.tellTaken(), SETTLE_GATHER_MS).unref();
    const news = this.takenNews.get(sessionId);
    if (news) news.push(settlement);
    else this.takenNews.set(sessionId, [settlement]);
  }

  private tellTaken() {
    const gathered = this.takenNews;
    this.takenNews = new Map();
    for (const [sessionId, settlements] of gathered) this.settleAll(sessionId, settlements).catch(() => undefined);
  }

  private tickOf(sessionId: string): Tick {
    if (this.tick.size === 0) setImmediate(() => this.flush());
    let tick = this.tick.get(sessionId);
    if (!tick) this.tick.set(sessionId, (tick = { sell: [], withdraw: [], settlements: [] }));
    return tick;
  }

  private flush() {
    const ticks = this.tick;
    this.tick = new Map();
    for (const [sessionId, { sell, withdraw, settlements }] of ticks) {
      // Settlements first: what was given back in this tick can be handed out in it. A lost one is found again as a suspect.
      if (settlements.length > 0) this.settleAll(sessionId, settlements).catch(() => undefined);
      this.send(sessionId, sell, true);
      this.send(sessionId, withdraw, false);
    }
  }

  private send(sessionId: string, waiting: Waiting[], sale: boolean) {
    for (let from = 0; from < waiting.length; from += TAKE_BATCH_MAX) {
      void this.takeBatch(sessionId, from === 0 && waiting.length <= TAKE_BATCH_MAX ? waiting : waiting.slice(from, from + TAKE_BATCH_MAX), sale);
    }
  }

  private async takeBatch(sessionId: string, waiting: Waiting[], sale: boolean) {
    try {
      const asks = waiting.map(({ ask }) => ask);
      const reply = await this.gate.run(takeSlots, { sessionId, asks, sale, nowMs: this.clock.nowMs(), leaseNowMs: this.realTime.nowMs() });
      if (reply.tag !== 'not-loaded' && reply.suspects.length > 0) this.suspectsListener(sessionId, reply.suspects);
      for (const [index, { resolve }] of waiting.entries()) resolve(handedOf(reply, index));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}

function handedOf(reply: TakeReply, index: number): Handed {
  if (reply.tag === 'not-loaded') return reply;
  if (reply.tag === 'refused') return { tag: 'refused', reason: reply.reason, opensAtMs: reply.opensAtMs };
  const { epoch, hospitalId } = reply;
  const answer = reply.replies[index];
  if (!answer) throw new Error('take-slots.lua answered fewer requests than it got');
  if (answer.tag === 'refused') return { tag: 'refused', reason: answer.reason, withdrawn: answer.mark === 'withdrawn' };
  const { slot, revision, startsAtMs, endsAtMs } = answer;
  return { tag: 'taken', slot, revision, startsAtMs, endsAtMs, epoch, hospitalId };
}
