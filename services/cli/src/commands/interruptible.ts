/** Conventional exit code of a program stopped by Ctrl-C. */
export const INTERRUPTED = 130;

/** Runs `work` with a signal that Ctrl-C aborts, so that it can stop in order. Whoever presses it twice stops at once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  try {
    return await work(stop.signal);
  } finally {
    process.off('SIGINT', interrupt);
  }
}
