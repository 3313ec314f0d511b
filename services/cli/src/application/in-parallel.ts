/**
 * Runs `work` over `items` in order, at most `limit` at once; items with the same lane keep their order and never overlap.
 * The first failure stops the rest (those under way finish) and is thrown. `signal` stops taking new items.
 */
export async function inParallel<T>(
  items: T[],
  options: { limit: number; laneOf?: (item: T) => string; signal?: AbortSignal },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const lanes = new Map<string, Promise<void>>();
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  for (const item of items) {
    if (failure || options.signal?.aborted) break;
    const lane = options.laneOf?.(item);
    const before = lane === undefined ? undefined : lanes.get(lane);
    const task: Promise<void> = (async () => {
      await before;
      if (!failure) await work(item);
    })()
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => {
        running.delete(task);
        if (lane !== undefined && lanes.get(lane) === task) lanes.delete(lane);
      });
    running.add(task);
    if (lane !== undefined) lanes.set(lane, task);
    if (running.size >= options.limit) await Promise.race(running);
  }
  await Promise.all(running);
  if (failure) throw failure.error;
}
