import type { ReserveSlot, SlotTaken } from '@talon/contracts';
import {
  commandHandler,
  EventStore,
  UnknownOutcomeError,
  WrongRevisionError,
  type AppendResult,
  type EventMetadata,
  type StoredEvent,
} from '@talon/event-sourcing';
import { type Clock, commonError, deriveId } from '@talon/kernel';
import { inventoryError } from '../domain/errors';
import { SLOT_CATEGORY, slotCodec, slotId, slotStream, type SlotEvent } from '../domain/events';
import type { SlotMark } from '../domain/session-copy';
import { slotDecider, type SlotCommand } from '../domain/slot';
import type { Handed, SlotStore } from './ports';
import { settlementOf, type SessionLoader } from './session-loader';

/** Slots tried for one request, each refused by the store or lost with the fast copy, before it is told to come again. */
export const RESERVE_ATTEMPTS_MAX = 20;
/** An append whose outcome is unknown is repeated so often with the same id; then its slot is left to the suspects' repair. */
const UNKNOWN_REPEATS_MAX = 2;

type Taken = Extract<Handed, { tag: 'taken' }>;
type WithdrawRequest = { sessionId: string; numbers: number[]; commandId: string; metadata: EventMetadata };
export type SlotCommandRequest = { sessionId: string; slot: number; bookingId: string; commandId: string; metadata: EventMetadata };

/** Gives slots away and takes them back. The fast copy proposes, the store decides; nothing is answered before it is durable. */
export class SlotDesk {
  private readonly handle;

  constructor(
    private readonly store: EventStore,
    private readonly slots: SlotStore,
    private readonly loader: SessionLoader,
    private readonly clock: Clock,
  ) {
    this.handle = commandHandler({ store, decider: slotDecider, codec: slotCodec, category: SLOT_CATEGORY });
    slots.onSuspects((sessionId, numbers) => this.lookAgain(sessionId, numbers));
  }

  /**
   * As `inventory.reserve` of the contract. A crash after the fast copy's answer leaves a pending slot, found by the next caller after
   * TAKE_LEASE_MS; a crash after the append leaves a slot without a booking, found by the orphan sweep.
   */
  async reserve(request: ReserveSlot): Promise<SlotTaken> {
    const { sessionId, bookingId, holdUntil } = request;
    const mark = holdUntil === undefined ? 'reserved' : 'held';
    // To the scripts 0 means the first free one; nobody may ask for it by number.
    if (request.slot !== undefined && !(Number.isSafeInteger(request.slot) && request.slot > 0)) {
      throw inventoryError('slot-unknown', `Session ${sessionId} has no slot ${request.slot}`);
    }
    const ask = { slot: request.slot ?? 0, as: mark } as const;
    for (let attempt = 1; attempt <= RESERVE_ATTEMPTS_MAX; attempt++) {
      const handed = await this.slots.take(sessionId, ask, true);
      if (handed.tag === 'not-loaded') {
        await this.loadOrRefuse(sessionId);
        continue;
      }
      if (handed.tag === 'refused') return this.refuseOrRepeat(request, handed);
      const { slot, hospitalId, epoch } = handed;
      const { startsAt, endsAt } = visitOf(handed);
      const taken = { sessionId, hospitalId, slot, bookingId, startsAt, endsAt, epoch };
      const event: SlotEvent = holdUntil === undefined ? { type: 'SlotReserved', data: taken } : { type: 'SlotHeld', data: { ...taken, holdUntil } };
      if (await this.append(sessionId, handed, mark, event, reserveEventId(request, slot), request.metadata)) return { slot, startsAt, endsAt };
    }
    throw commonError('unavailable', `Session ${sessionId} is being corrected`);
  }

  /** As `inventory.release`. */
  async release(request: SlotCommandRequest): Promise<{ released: boolean }> {
    const { sessionId, slot, bookingId } = request;
    const { events } = await this.decide(request, { type: 'ReleaseSlot', data: { sessionId, slot, bookingId } });
    return { released: events.length > 0 };
  }

  /** As `inventory.confirm`. By the clock: a hold that nobody has expired yet is over all the same. */
  async confirm(request: SlotCommandRequest): Promise<SlotTaken> {
    const { sessionId, slot, bookingId } = request;
    const { state } = await this.decide(request, { type: 'ConfirmHold', data: { sessionId, slot, bookingId, now: this.clock.now() } });
    if (state.status !== 'reserved') throw new Error(`slot ${slot} of session ${sessionId} was confirmed and is ${state.status}`);
    return { slot, startsAt: state.startsAt, endsAt: state.endsAt };
  }

  /** Ends a hold that is over by the clock; a repeat or a hold that was confirmed or released meanwhile changes nothing. */
  async expire(request: SlotCommandRequest): Promise<boolean> {
    const { sessionId, slot, bookingId } = request;
    const { events } = await this.decide(request, { type: 'ExpireHold', data: { sessionId, slot, bookingId, now: this.clock.now() } });
    return events.length > 0;
  }

  /** As `inventory.withdraw`. */
  async withdraw(request: WithdrawRequest): Promise<{ withdrawn: number[]; taken: number[] }> {
    const done = await Promise.all(request.numbers.map((slot) => this.withdrawOne(request, slot)));
    return { withdrawn: request.numbers.filter((_, index) => done[index]), taken: request.numbers.filter((_, index) => !done[index]) };
  }

  private async withdrawOne(request: WithdrawRequest, slot: number): Promise<boolean> {
    const { sessionId, commandId, metadata } = request;
    for (let attempt = 1; attempt <= RESERVE_ATTEMPTS_MAX; attempt++) {
      const handed = await this.slots.take(sessionId, { slot, as: 'withdrawn' }, false);
      if (handed.tag === 'not-loaded') {
        await this.loadOrRefuse(sessionId);
        continue;
      }
      if (handed.tag === 'refused') {
        if (handed.reason === 'slot-unknown') throw inventoryError('slot-unknown', `Session ${sessionId} has no slot ${slot}`);
        return handed.withdrawn === true && (await this.loader.repair(sessionId, [slot]))[0]?.mark === 'withdrawn';
      }
      const { hospitalId, epoch } = handed;
      const event: SlotEvent = { type: 'SlotWithdrawn', data: { sessionId, hospitalId, slot, epoch } };
      if (await this.append(sessionId, handed, 'withdrawn', event, deriveId(commandId, 'withdraw', String(slot)), { causationId: commandId, ...metadata })) return true;
    }
    throw commonError('unavailable', `Session ${sessionId} is being corrected`);
  }

  /**
   * @returns true: durable. false: the store refused the revision; the copy is corrected and another slot may be tried.
   * @throws {DomainError} `talon/unavailable` when the store does not say; the slot stays pending until somebody looks it up
   */
  private async append(sessionId: string, taken: Taken, mark: SlotMark, event: SlotEvent, id: string, metadata: EventMetadata): Promise<boolean> {
    const { slot, revision } = taken;
    const stored = { id, ...slotCodec.encode(event), metadata };
    try {
      const appended = await this.appendSurely(slotStream(sessionId, slot), revision, stored);
      this.slots.settleTaken(sessionId, { slot, mark, revision: appended.revision });
      return true;
    } catch (error) {
      if (!(error instanceof WrongRevisionError)) throw error;
      const recorded = await this.store.readStream(slotStream(sessionId, slot));
      this.slots.settle(sessionId, settlementOf(slot, recorded));
      return recorded.at(-1)?.id === id;
    }
  }

  private async appendSurely(stream: string, revision: number, event: StoredEvent): Promise<AppendResult> {
    for (let repeat = 0; ; repeat++) {
      try {
        return await this.store.append(stream, revision < 0 ? 'none' : revision, [event]);
      } catch (error) {
        if (!(error instanceof UnknownOutcomeError)) throw error;
        if (repeat >= UNKNOWN_REPEATS_MAX) throw commonError('unavailable', 'The log does not say whether the slot was taken');
      }
    }
  }

  /**
   * The log first, then the fast copy; whoever dies in between leaves a slot that the copy still keeps from everybody, until the feed
   * `inventory-fast-copy` comes to its event.
   */
  private async decide({ sessionId, slot, commandId, metadata }: SlotCommandRequest, command: SlotCommand) {
    // The caller may give one command id to several services and slots; ids of events must differ all the same.
    const ownId = deriveId('inventory', command.type, commandId, slotId(sessionId, slot));
    const handled = await this.handle(slotId(sessionId, slot), command, { causationId: commandId, ...metadata, commandId: ownId });
    if (handled.revision >= 0) this.slots.settle(sessionId, { slot, mark: handled.state.status, revision: handled.revision });
    return handled;
  }

  private async loadOrRefuse(sessionId: string) {
    if (!(await this.loader.load(sessionId))) throw inventoryError('session-unknown', `There is no session ${sessionId}`);
  }

  /** A certain slot that is taken may have been taken by this very attempt, whose answer got lost. */
  private async refuseOrRepeat(request: ReserveSlot, { reason, opensAtMs }: Extract<Handed, { tag: 'refused' }>): Promise<SlotTaken> {
    const { sessionId, slot } = request;
    if (reason === 'slot-taken' && slot !== undefined) {
      const last = (await this.store.readStream(slotStream(sessionId, slot), { backwards: true, max: 1 }))[0];
      if (last?.id === reserveEventId(request, slot)) {
        const event = slotCodec.decode(last);
        if (event.type === 'SlotHeld' || event.type === 'SlotReserved') return { slot, startsAt: event.data.startsAt, endsAt: event.data.endsAt };
      }
    }
    const data = opensAtMs === undefined ? undefined : { opensAt: new Date(opensAtMs).toISOString() };
    throw inventoryError(reason, REFUSALS[reason](sessionId, slot), data && { data });
  }

  /** In the background; whoever comes next finds the slot in order, or reports it again. */
  private lookAgain(sessionId: string, numbers: number[]) {
    this.loader.repair(sessionId, numbers).catch(() => undefined);
  }
}

const REFUSALS = {
  'suspended': (sessionId: string) => `Session ${sessionId} is suspended`,
  'not-open': (sessionId: string) => `Session ${sessionId} opens later`,
  'session-over': (sessionId: string) => `Session ${sessionId} is over`,
  'slot-unknown': (sessionId: string, slot?: number) => `Session ${sessionId} has no slot ${slot}`,
  'slot-taken': (sessionId: string, slot?: number) => `Slot ${slot} of session ${sessionId} is not free`,
  'sold-out': (sessionId: string) => `Session ${sessionId} has no free slot`,
};

/** The same for every repeat of one attempt on one slot. */
const reserveEventId = ({ attemptId }: ReserveSlot, slot: number) => deriveId(attemptId, String(slot));
const visitOf = ({ startsAtMs, endsAtMs }: Taken) => ({ startsAt: new Date(startsAtMs).toISOString(), endsAt: new Date(endsAtMs).toISOString() });
