import { Injectable } from '@nestjs/common';
import type { GuardianScope } from '@talon/contracts';
import { type Actor, type Role, commonError } from '@talon/kernel';
import type { MadeBooking } from '../domain/decider';
import { bookingError } from '../domain/errors';
import type { BookingListFilter } from './ports';
import { PatientDirectory, SessionCatalog } from './ports';

const DESK: Role[] = ['registrar', 'hospital-admin'];
const STAFF: Role[] = ['registrar', 'doctor', 'hospital-admin'];

const has = (actor: Actor, roles: Role[]) => actor.roles.some((role) => roles.includes(role));

/** Who may book for whom, and who sees which booking. */
@Injectable()
export class BookingAccess {
  constructor(
    private readonly patients: PatientDirectory,
    private readonly catalog: SessionCatalog,
  ) {}

  /** @throws {DomainError} `booking/not-your-patient` */
  async toBook(actor: Actor, patientId: string, hospitalId: string): Promise<void> {
    if (actor.patientId === patientId && has(actor, ['patient'])) return;
    if (has(actor, ['authority-admin'])) return;
    if (has(actor, DESK) && actor.hospitalIds.includes(hospitalId)) return;
    if (has(actor, ['portal']) && actor.portalId !== undefined) return;
    if (await this.actsFor(actor, patientId, 'book')) return;
    throw bookingError('not-your-patient', 'The token does not allow booking for this patient in this hospital');
  }

  /** The portal to record, when one books; staff that also has that role books as staff. */
  portalOf(actor: Actor): string | undefined {
    return has(actor, ['portal']) ? actor.portalId : undefined;
  }

  /** Whether the actor may see (`read`) or change (`book`) that booking. Who may not is told that it does not exist. */
  async sees(actor: Actor, booking: MadeBooking, scope: 'read' | 'book'): Promise<boolean> {
    return this.seesAtOnce(actor, booking, scope) || this.actsFor(actor, booking.patientId, scope);
  }

  /** The part of `sees` that needs no question to others. `forPatient`: the actor was already found to act for that patient. */
  seesAtOnce(actor: Actor, booking: MadeBooking, scope: 'read' | 'book', forPatient?: string): boolean {
    if (has(actor, ['patient']) && (actor.patientId === booking.patientId || forPatient === booking.patientId)) return true;
    if (has(actor, ['authority-admin'])) return true;
    if (has(actor, scope === 'read' ? STAFF : DESK) && actor.hospitalIds.includes(booking.place.hospitalId)) return true;
    return has(actor, ['portal']) && actor.portalId !== undefined && actor.portalId === booking.portalId;
  }

  /**
   * What of a list the actor may see.
   * @throws {DomainError} `talon/forbidden`; `booking/session-unknown`
   */
  async listFilter(actor: Actor, asked: { patientId?: string; sessionId?: string }): Promise<Pick<BookingListFilter, 'hospitalIds' | 'portalId'>> {
    if (has(actor, ['authority-admin'])) return {};
    if (asked.patientId !== undefined && has(actor, ['patient'])) {
      if (actor.patientId === asked.patientId || (await this.actsFor(actor, asked.patientId, 'read'))) return {};
    }
    if (has(actor, STAFF) && actor.hospitalIds.length > 0) {
      if (asked.sessionId !== undefined) {
        const session = await this.catalog.session(asked.sessionId);
        if (!session) throw bookingError('session-unknown', `Session ${asked.sessionId} does not exist`);
        if (!actor.hospitalIds.includes(session.hospitalId)) throw commonError('forbidden', 'The session belongs to another hospital');
      }
      return { hospitalIds: actor.hospitalIds };
    }
    if (has(actor, ['portal']) && actor.portalId !== undefined) return { portalId: actor.portalId };
    throw commonError('forbidden', 'The token does not allow reading these bookings');
  }

  private async actsFor(actor: Actor, patientId: string, scope: GuardianScope): Promise<boolean> {
    if (!has(actor, ['patient']) || actor.patientId === undefined) return false;
    if (actor.patientId === patientId) return true;
    return this.patients.mayAct(actor.patientId, patientId, scope);
  }
}
