/** The only source of time. Production reads the system; a rehearsal is driven from outside, forward only. */
export abstract class Clock {
  /** @returns now, milliseconds since 1970-01-01 UTC */
  abstract nowMs(): number;
  /** @returns now, ISO-8601 UTC with milliseconds, so that text order is time order */
  now(): string {
    return new Date(this.nowMs()).toISOString();
  }
}

export class SystemClock extends Clock {
  override nowMs() {
    return Date.now();
  }
}

/** A clock that stands still until somebody moves it. It never goes back: an earlier instant is ignored. */
export class ManualClock extends Clock {
  constructor(private currentMs: number) {
    super();
  }
  override nowMs() {
    return this.currentMs;
  }
  /** @returns whether the clock moved */
  advanceTo(instantMs: number): boolean {
    if (instantMs <= this.currentMs) return false;
    this.currentMs = instantMs;
    return true;
  }
}
