import { type GuardianScope, call } from '@talon/contracts';
import type { Rpc } from '@talon/kernel';
import { PatientDirectory, type PatientStanding } from '../../application/ports';

/** How long `active` is believed. */
const ACTIVE_MS = 5_000;
/** Patients kept per process; the one asked about first goes first. */
const ACTIVE_MAX = 50_000;
/** Patients per question. */
const STANDING_MAX = 500;

interface Waiting {
  resolve: (standing: PatientStanding) => void;
  reject: (error: unknown) => void;
}

/** PatientDirectory over the platform's rpc: questions of one tick travel together. */
export class PatientClient extends PatientDirectory {
  /** patientId → until when, milliseconds of `performance.now()`. */
  private readonly active = new Map<string, number>();
  private waiting = new Map<string, Waiting[]>();

  constructor(private readonly rpc: Rpc) {
    super();
  }

  override standing(patientId: string): Promise<PatientStanding> {
    const until = this.active.get(patientId);
    if (until !== undefined && until > performance.now()) return Promise.resolve('active');
    return new Promise((resolve, reject) => {
      if (this.waiting.size === 0) setImmediate(() => void this.ask());
      const others = this.waiting.get(patientId);
      if (others) others.push({ resolve, reject });
      else this.waiting.set(patientId, [{ resolve, reject }]);
    });
  }

  override async mayAct(guardianId: string, patientId: string, scope: GuardianScope): Promise<boolean> {
    return (await call(this.rpc, 'patient.may-act', { guardianId, patientId, scope })).allowed;
  }

  private async ask() {
    const waiting = [...this.waiting];
    this.waiting = new Map();
    for (let from = 0; from < waiting.length; from += STANDING_MAX) {
      const part = waiting.slice(from, from + STANDING_MAX);
      try {
        const standings = await call(this.rpc, 'patient.standing', { patientIds: part.map(([patientId]) => patientId) });
        for (const [patientId, waiters] of part) this.settle(patientId, standings[patientId] ?? 'unknown', waiters);
      } catch (error) {
        for (const [, waiters] of part) for (const { reject } of waiters) reject(error);
      }
    }
  }

  private settle(patientId: string, standing: PatientStanding, waiters: Waiting[]) {
    this.active.delete(patientId);
    if (standing === 'active') {
      this.active.set(patientId, performance.now() + ACTIVE_MS);
      if (this.active.size > ACTIVE_MAX) this.active.delete(this.active.keys().next().value!);
    }
    for (const { resolve } of waiters) resolve(standing);
  }
}
