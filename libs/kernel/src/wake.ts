/**
 * "Something was appended": a hint that may be lost, repeated or late. Consumers that get none still look by themselves
 * (see FEED_POLL_MS in libs/read-model), so correctness never depends on it.
 */
export abstract class Wake {
  abstract signal(): void;
  /** @returns a function that ends the subscription */
  abstract onSignal(listener: () => void): () => void;
}

/** Wakes listeners of this process only. */
export class LocalWake extends Wake {
  protected readonly listeners = new Set<() => void>();
  override signal() {
    for (const listener of this.listeners) listener();
  }
  override onSignal(listener: () => void) {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
