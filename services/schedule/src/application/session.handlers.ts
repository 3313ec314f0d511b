import { Inject } from '@nestjs/common';
import { Command, CommandHandler } from '@nestjs/cqrs';
import type { EventMetadata } from '@talon/event-sourcing';
import { Clock, contentHash, deriveId, isDomainError, newId } from '@talon/kernel';
import { fieldFault, scheduleError } from '../domain/errors';
import { type Session, withdrawable } from '../domain/session';
import { type Caller, creationOf } from './creation';
import { instantOf, isDayEdge } from './local-time';
import { SlotStock } from './ports';
import { freshly, ScheduleStreams } from './schedule-streams';
import { type PlanRequest, SessionPlanning } from './session-planning';

/** See SessionPlanning.plan. */
export class PlanSession extends Command<Session> {
  constructor(readonly input: Omit<PlanRequest, 'sessionId' | 'requestHash' | 'templateId'>, readonly caller: Caller) { super(); }
}

/** What changed in the log, and whether the stock knows already; if not, a durable reaction tells it. */
export interface StockChange { inEffect: boolean }

/**
 * Timed sessions take local `slots`, tickets a `count`.
 * @throws schedule/session-not-found, key-reused, time-not-real, slots-invalid, times-invalid, session-over
 */
export class AddSlots extends Command<{ numbers: number[] } & StockChange> {
  constructor(
    readonly sessionId: string,
    readonly input: { slots?: { start: string; end: string }[]; count?: number; reason: string },
    readonly caller: Caller,
  ) { super(); }
}

/**
 * Takes free slots out of sale for good. Slots that were withdrawn before count as withdrawn, so a repeat answers alike.
 * @throws schedule/session-not-found, slots-unknown, slots-taken when nothing could be withdrawn
 */
export class WithdrawSlots extends Command<{ withdrawn: number[]; taken: number[] } & StockChange> {
  constructor(readonly sessionId: string, readonly numbers: number[], readonly reason: string, readonly metadata: EventMetadata) { super(); }
}

/** No new bookings until resumed; existing ones stay. A repeat changes nothing. @throws schedule/session-not-found, session-over */
export class SuspendSession extends Command<StockChange> {
  constructor(readonly sessionId: string, readonly reason: string, readonly metadata: EventMetadata) { super(); }
}
export class ResumeSession extends Command<StockChange> {
  constructor(readonly sessionId: string, readonly metadata: EventMetadata) { super(); }
}

@CommandHandler(PlanSession)
export class PlanSessionHandler {
  constructor(private readonly planning: SessionPlanning) {}
  execute({ input, caller }: PlanSession) {
    const { id, requestHash } = creationOf('session', caller, input);
    return this.planning.plan({ ...input, sessionId: id, requestHash, templateId: null }, caller.metadata);
  }
}

@CommandHandler(AddSlots)
export class AddSlotsHandler {
  constructor(
    private readonly streams: ScheduleStreams,
    @Inject(SlotStock) private readonly stock: SlotStock,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async execute({ sessionId, input, caller }: AddSlots) {
    const { state: session } = await this.streams.session(sessionId);
    if (!session) throw scheduleError('session-not-found', `Session ${sessionId} does not exist`);
    const requestHash = contentHash(input);
    const commandId = caller.key === undefined ? newId() : deriveId('add-slots', sessionId, caller.subject, caller.key);
    const times = input.slots?.map((slot, index) => ({
      startsAt: this.instant(session, slot.start, `slots[${index}].start`),
      endsAt: this.instant(session, slot.end, `slots[${index}].end`),
    }));
    const data = { sessionId, commandId, requestHash, times, count: input.count, reason: input.reason, now: this.clock.now() };
    const metadata = { ...caller.metadata, commandId: deriveId(commandId, requestHash) };
    const { state } = await this.streams.toSession(sessionId, { type: 'AddSlots', data }, metadata);
    return { numbers: state!.additions.get(commandId)!.numbers, inEffect: await tellStock(this.stock, sessionId) };
  }

  private instant({ plan }: Session, time: string, field: string): string {
    const { instant, exists } = instantOf(plan.zone, plan.date, time);
    if (!exists && !isDayEdge(time)) throw fieldFault('time-not-real', field, `is skipped by the clock of ${plan.zone} on ${plan.date}`);
    return instant;
  }
}

/** The stock goes first: what it gave is recorded. A crash in between leaves slots out of sale that a repeat records. */
@CommandHandler(WithdrawSlots)
export class WithdrawSlotsHandler {
  constructor(private readonly streams: ScheduleStreams, @Inject(SlotStock) private readonly stock: SlotStock) {}

  async execute({ sessionId, numbers, reason, metadata }: WithdrawSlots) {
    const { state: session } = await this.streams.session(sessionId);
    if (!session) throw scheduleError('session-not-found', `Session ${sessionId} does not exist`);
    const asked = withdrawable(session, numbers);
    const before = [...new Set(numbers)].filter((number) => session.withdrawn.has(number));
    const command = freshly(metadata);
    const withdrawal = { sessionId, numbers: asked, commandId: command.commandId, metadata };
    const { withdrawn, taken } = asked.length === 0 ? { withdrawn: [], taken: [] } : await this.stock.withdraw(withdrawal);
    if (withdrawn.length === 0 && taken.length > 0 && before.length === 0) {
      throw scheduleError('slots-taken', `Slots ${taken.join(', ')} are taken`, { data: { numbers: taken } });
    }
    await this.streams.toSession(sessionId, { type: 'RecordWithdrawal', data: { sessionId, numbers: withdrawn, reason } }, command);
    const all = [...before, ...withdrawn].sort((a, b) => a - b);
    return { withdrawn: all, taken, inEffect: await tellStock(this.stock, sessionId) };
  }
}

@CommandHandler(SuspendSession)
export class SuspendSessionHandler {
  constructor(
    private readonly streams: ScheduleStreams,
    @Inject(SlotStock) private readonly stock: SlotStock,
    @Inject(Clock) private readonly clock: Clock,
  ) {}
  async execute({ sessionId, reason, metadata }: SuspendSession) {
    await this.streams.toSession(sessionId, { type: 'SuspendSession', data: { sessionId, reason, now: this.clock.now() } }, freshly(metadata));
    return { inEffect: await tellStock(this.stock, sessionId) };
  }
}

@CommandHandler(ResumeSession)
export class ResumeSessionHandler {
  constructor(
    private readonly streams: ScheduleStreams,
    @Inject(SlotStock) private readonly stock: SlotStock,
    @Inject(Clock) private readonly clock: Clock,
  ) {}
  async execute({ sessionId, metadata }: ResumeSession) {
    await this.streams.toSession(sessionId, { type: 'ResumeSession', data: { sessionId, now: this.clock.now() } }, freshly(metadata));
    return { inEffect: await tellStock(this.stock, sessionId) };
  }
}

/** The change is durable by now: a stock that does not answer must not make it look as if nothing had happened. */
async function tellStock(stock: SlotStock, sessionId: string): Promise<boolean> {
  try {
    await stock.sync(sessionId);
    return true;
  } catch (error) {
    if (isDomainError(error)) return false;
    throw error;
  }
}

export const SESSION_HANDLERS = [PlanSessionHandler, AddSlotsHandler, WithdrawSlotsHandler, SuspendSessionHandler, ResumeSessionHandler];
