interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

/**
 * Makes one call of many: whatever arrives while the previous batch is in flight travels in the next. No timers; the first call of a
 * quiet moment leaves at the end of the tick.
 * @param run answers in the order of its items; when it rejects, every call of that batch rejects
 * @param fits items that must not share a batch with those already chosen wait for the next one
 */
export function batched<Item, Result>(
  batchMax: number,
  run: (items: Item[]) => Promise<Result[]>,
  fits: (item: Item, chosen: Item[]) => boolean = () => true,
): (item: Item) => Promise<Result> {
  let queue: Waiting<Item, Result>[] = [];
  let running = false;

  const drain = async () => {
    while (queue.length > 0) {
      const chosen: Waiting<Item, Result>[] = [];
      const rest: Waiting<Item, Result>[] = [];
      const items: Item[] = [];
      for (const waiting of queue) {
        const joins = chosen.length < batchMax && fits(waiting.item, items);
        (joins ? chosen : rest).push(waiting);
        if (joins) items.push(waiting.item);
      }
      queue = rest;
      await settle(chosen, run, items);
    }
    running = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject });
      if (running) return;
      running = true;
      setImmediate(() => void drain());
    });
}

async function settle<Item, Result>(chosen: Waiting<Item, Result>[], run: (items: Item[]) => Promise<Result[]>, items: Item[]) {
  try {
    const results = await run(items);
    chosen.forEach((waiting, index) => waiting.resolve(results[index]!));
  } catch (error) {
    for (const waiting of chosen) waiting.reject(error);
  }
}
