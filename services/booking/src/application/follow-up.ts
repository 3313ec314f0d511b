import { Injectable } from '@nestjs/common';
import type { EventMetadata } from '@talon/event-sourcing';
import type { ProcessCommand } from '../domain/booking-process';
import { PatientClaims, SlotInventory } from './ports';

/** Carries out what the booking process decided. Every command may be repeated. */
@Injectable()
export class FollowUp {
  constructor(
    private readonly inventory: SlotInventory,
    private readonly claims: PatientClaims,
  ) {}

  /** @throws the first failure, after all were tried */
  async run(commands: ProcessCommand[], metadata: EventMetadata): Promise<void> {
    const outcomes = await Promise.allSettled(commands.map((command) => this.one(command, metadata)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Before an answer, so that the next request meets the result. The feed does it again anyway, so a failure is left to the feed. */
  async tryNow(commands: ProcessCommand[], metadata: EventMetadata): Promise<void> {
    await Promise.allSettled(commands.map((command) => this.one(command, metadata)));
  }

  private one(command: ProcessCommand, metadata: EventMetadata): Promise<void> {
    if (command.type === 'DropClaim') return this.claims.drop(command.patientId, [command.claim]);
    const { sessionId, slot, bookingId, commandId } = command;
    return this.inventory.release({ sessionId, slot, bookingId, commandId, metadata });
  }
}
