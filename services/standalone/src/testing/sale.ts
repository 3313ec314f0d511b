import type { DevTokenRequest } from '@talon/http';
import type { Api, Answer } from './api';
import { type Booked, book } from './region';

/** Callers that try at the same time. */
const CALLERS = 12;
/** After an attempt of one caller, milliseconds: bounds the traffic. */
const PAUSE_MS = 5;
/** After a booking, milliseconds: makes the sale last, so that a fault falls into it. */
const SOLD_PAUSE_MS = 60;
const RETRY_MS = 60;
/** So long a caller repeats a request that got no answer, or one that says "later". */
const PATIENCE_MS = 25_000;
/** A slot whose request died half-way comes back after 15 s of age, a sweep every 5 s and 2 s of grace. */
const LEFTOVERS_MS = 30_000;
const LEFTOVERS_EVERY_MS = 500;
const DESK: DevTokenRequest = { role: 'authority-admin' };
/** Refusals that mean: repeat the same request. */
const LATER = ['booking/in-progress', 'talon/unavailable', 'talon/busy', 'talon/internal'];

export interface Acknowledged {
  key: string;
  answer: Booked;
  text: string;
  atMs: number;
}

export interface SaleReport {
  acknowledged: Acknowledged[];
  /** Refusals by code. */
  refused: Record<string, number>;
  /** Attempts that had to be repeated, by what they got. */
  repeated: Record<string, number>;
  /** From the first acknowledgement after the fault back to its end, milliseconds; Infinity: there was none. */
  healedMs: number;
  /** How many were sold only after everybody had asked once, because their slots had to be found again. */
  leftovers: number;
}

export interface SaleSetup {
  /** Places in all sessions together. */
  capacity: number;
  patients: string[];
  sessions: string[];
  seed: number;
  /** Before the n-th acknowledgement is counted, this happens, while everybody goes on. */
  after: number;
  fault: () => Promise<void>;
}

/**
 * Everybody wants one place in one of the sessions, in an order of their own, and repeats what got no answer with the same key. When some
 * places are left although all were asked for, those who were refused ask again for half a minute.
 */
export async function sell(api: Api, setup: SaleSetup): Promise<SaleReport> {
  const { patients, sessions, seed, after, fault, capacity } = setup;
  const random = seeded(seed);
  const wishes = shuffled(patients.map((patientId) => ({ patientId, order: shuffled(sessions, random) })), random);
  const sale = new Sale(api, seed);
  let faultDone: Promise<number> | undefined;
  const queue = wishes[Symbol.iterator]();
  const caller = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      if (!(await sale.tryAll(next.value))) continue;
      if (sale.acknowledged.length >= after) faultDone ??= fault().then(() => performance.now());
      await pause(SOLD_PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const faultEndMs = (await faultDone) ?? Infinity;
  const soldAtOnce = sale.acknowledged.length;
  await sale.sellLeftovers(capacity);
  const next = Math.min(...sale.acknowledged.map(({ atMs }) => atMs).filter((atMs) => atMs > faultEndMs));
  const { acknowledged, refused, repeated } = sale;
  return { acknowledged, refused, repeated, healedMs: next - faultEndMs, leftovers: acknowledged.length - soldAtOnce };
}

interface Wish {
  patientId: string;
  /** Sessions, the favourite first. */
  order: string[];
}

class Sale {
  readonly acknowledged: Acknowledged[] = [];
  readonly refused: Record<string, number> = {};
  readonly repeated: Record<string, number> = {};
  private readonly disappointed: Wish[] = [];

  constructor(
    private readonly api: Api,
    private readonly seed: number,
  ) {}

  async tryAll(wish: Wish): Promise<boolean> {
    const { patientId, order } = wish;
    for (const sessionId of order) {
      const key = `${this.seed}-${patientId}-${sessionId}`;
      const answer = await untilAnswered(this.api, key, { patientId, sessionId }, this.repeated);
      if (answer.status === 201) {
        this.acknowledged.push({ key, answer: answer.body, text: answer.text, atMs: performance.now() });
        return true;
      }
      const code = codeOf(answer);
      this.refused[code] = (this.refused[code] ?? 0) + 1;
      await pause(PAUSE_MS);
    }
    this.disappointed.push(wish);
    return false;
  }

  async sellLeftovers(capacity: number): Promise<void> {
    const deadline = performance.now() + LEFTOVERS_MS;
    while (this.acknowledged.length < capacity && performance.now() < deadline) {
      const wish = this.disappointed.shift();
      if (!wish) return;
      if (!(await this.tryAll(wish))) await pause(LEFTOVERS_EVERY_MS);
    }
  }
}

const codeOf = ({ body, status }: Answer<unknown>): string => (body as { code?: string } | undefined)?.code ?? String(status);

/** @throws when patience ends: the last answer, or why there was none */
async function untilAnswered(api: Api, key: string, body: { patientId: string; sessionId: string }, repeated: Record<string, number>): Promise<Answer<Booked>> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    let last: string;
    try {
      const answer = await book(api, DESK, key, body);
      const code = codeOf(answer);
      if (answer.status < 500 && !LATER.includes(code)) return answer;
      last = code;
    } catch {
      last = 'no answer';
    }
    repeated[last] = (repeated[last] ?? 0) + 1;
    if (performance.now() > deadline) throw new Error(`${key}: still "${last}" after ${PATIENCE_MS / 1000} s`);
    await pause(RETRY_MS);
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** mulberry32: the same numbers in [0, 1) for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function shuffled<T>(items: T[], random: () => number): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}
