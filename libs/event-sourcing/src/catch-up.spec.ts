import { LocalWake } from '@talon/kernel';
import { catchUp } from './catch-up';
import { START } from './event-store';
import { InMemoryEventStore } from './in-memory-event-store';

const NEVER_MS = 3_600_000;
const event = (n: number) => ({ id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`, type: 'X.v1', data: { n }, metadata: { at: '2026-01-01T00:00:00.000Z' } });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('following a store', () => {
  it('does not sleep over what was appended while the handler was at work', async () => {
    const wake = new LocalWake();
    const store = new InMemoryEventStore({ wake });
    const seen: number[] = [];
    await store.append('a-1', 'none', [event(0)]);
    const subscription = catchUp(store, START, { wake, pollMs: NEVER_MS }, async (events) => {
      seen.push(...events.map(({ revision }) => revision));
      if (seen.length === 1) await store.append('a-1', 'exists', [event(1)]);
    });
    await pause(20);
    await subscription.stop();
    expect(seen).toEqual([0, 1]);
  });

  it('looks by itself when no wake comes', async () => {
    const store = new InMemoryEventStore();
    const seen: number[] = [];
    const subscription = catchUp(store, START, { pollMs: 5 }, async (events) => void seen.push(events.length));
    await pause(10);
    await store.append('a-1', 'none', [event(0)]);
    await pause(50);
    await subscription.stop();
    expect(seen).toEqual([1]);
  });

  it('pauses longer after each failure, whatever is appended meanwhile, and reports it', async () => {
    const wake = new LocalWake();
    const store = new InMemoryEventStore({ wake });
    await store.append('a-1', 'none', [event(0)]);
    const errors: unknown[] = [];
    const subscription = catchUp(store, START, { wake, pollMs: NEVER_MS, onError: (error) => errors.push(error) }, async () => {
      throw new Error('not now');
    });
    for (let n = 1; n <= 20; n++) {
      await store.append('a-1', 'exists', [event(n)]);
      await pause(5);
    }
    await subscription.stop();
    // 50 ms, then 100 ms: within 100 ms and a little there is room for two or three attempts, not for twenty.
    expect(errors.length).toBeGreaterThanOrEqual(2);
    expect(errors.length).toBeLessThanOrEqual(4);
  });

  it('stops at once while it waits', async () => {
    const subscription = catchUp(new InMemoryEventStore(), START, { pollMs: NEVER_MS }, async () => undefined);
    await pause(5);
    await subscription.stop();
  });
});
