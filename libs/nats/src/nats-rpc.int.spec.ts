import { DomainError, commonError, currentTrace, withTrace } from '@talon/kernel';
import { startNats } from '@talon/testing';
import { NatsGate, NatsRpc, NatsWake } from './index';

describe('services that talk over NATS', () => {
  let server: Awaited<ReturnType<typeof startNats>>;
  const gates: NatsGate[] = [];

  const gate = async () => {
    const made = NatsGate.connect(server.url);
    gates.push(made);
    expect(await made.waitUntilConnected(5_000)).toBe(true);
    return made;
  };

  beforeAll(async () => (server = await startNats()));
  afterEach(async () => void (await Promise.all(gates.splice(0).map((made) => made.close()))));
  afterAll(() => server.stop());

  it('answers, shares requests between the processes that serve, and passes trace ids on', async () => {
    const [asker, one, two] = [new NatsRpc(await gate()), new NatsRpc(await gate()), new NatsRpc(await gate())];
    const served = { one: 0, two: 0 };
    one.serve<{ n: number }, { n: number; trace?: string }>('sample.double', async ({ n }) => (served.one++, { n: n * 2, trace: currentTrace()?.correlationId }));
    two.serve<{ n: number }, { n: number; trace?: string }>('sample.double', async ({ n }) => (served.two++, { n: n * 2, trace: currentTrace()?.correlationId }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const ask = (n: number) => withTrace({ requestId: 'r', correlationId: `c${n}` }, () => asker.request('sample.double', { n }));
    const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => ask(n)));
    expect(answers).toEqual(Array.from({ length: 200 }, (_, n) => ({ n: n * 2, trace: `c${n}` })));
    expect(served.one).toBeGreaterThan(0);
    expect(served.two).toBeGreaterThan(0);
    expect(served.one + served.two).toBe(200);
  });

  it('brings a refusal over as the refusal it was', async () => {
    const [asker, other] = [new NatsRpc(await gate()), new NatsRpc(await gate())];
    other.serve('sample.refuse', () => Promise.reject(commonError('conflict', 'session s1 moved on', { data: { sessionId: 's1' } })));
    const definition = { category: 'gone', title: 'Foreign', next: 'Nothing.' } as const;
    other.serve('sample.foreign', () => Promise.reject(new DomainError('foreign/gone', definition, 'it is gone')));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const refusal = await asker.request('sample.refuse', {}).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DomainError);
    expect(refusal).toMatchObject({ code: 'talon/conflict', message: 'session s1 moved on', extra: { data: { sessionId: 's1' } } });
    expect(refusal).toMatchObject({ definition: commonError('conflict', '').definition });
    await expect(asker.request('sample.foreign', {})).rejects.toMatchObject({ code: 'foreign/gone', definition });
  });

  it('tells the caller nothing about a fault, and the one who serves everything', async () => {
    const faults: unknown[] = [];
    const [asker, other] = [new NatsRpc(await gate()), new NatsRpc(await gate(), (error, subject) => faults.push([subject, String(error)]))];
    other.serve('sample.fault', () => Promise.reject(new Error('password is 1234')));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const error: unknown = await asker.request('sample.fault', {}).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'talon/unavailable' });
    expect(String(error)).not.toContain('1234');
    expect(faults).toEqual([['sample.fault', 'Error: password is 1234']]);
  });

  it('is unavailable when nobody serves, when the deadline passes and while NATS is away', async () => {
    const [asker, other] = [new NatsRpc(await gate()), new NatsRpc(await gate())];
    await expect(asker.request('sample.nobody', {})).rejects.toMatchObject({ code: 'talon/unavailable', message: 'Nobody serves sample.nobody' });
    other.serve('sample.slow', () => new Promise((resolve) => setTimeout(() => resolve({}), 500)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startedAt = Date.now();
    await expect(asker.request('sample.slow', {}, 100)).rejects.toMatchObject({ code: 'talon/unavailable' });
    expect(Date.now() - startedAt).toBeLessThan(400);
    const away = NatsGate.connect('nats://127.0.0.1:1');
    await expect(new NatsRpc(away).request('sample.slow', {})).rejects.toMatchObject({ code: 'talon/unavailable' });
    await away.close();
  });

  it('serves again after NATS was restarted, and a process that came before NATS connects later', async () => {
    const [asker, other] = [new NatsRpc(await gate()), new NatsRpc(await gate())];
    other.serve('sample.echo', async (request) => request);
    await server.restart();
    for (const made of gates) expect(await made.waitUntilConnected(5_000)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await asker.request('sample.echo', { again: true })).toEqual({ again: true });
  });

  it('wakes other processes, this one at once, and many signals become few messages', async () => {
    const [here, there] = [new NatsWake(await gate()), new NatsWake(await gate())];
    let [wokenHere, wokenThere] = [0, 0];
    here.onSignal(() => wokenHere++);
    there.onSignal(() => wokenThere++);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let signal = 0; signal < 1_000; signal++) here.signal();
    expect(wokenHere).toBe(1_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(wokenThere).toBeGreaterThanOrEqual(2);
    expect(wokenThere).toBeLessThan(20);
    expect(wokenHere).toBe(1_000);
  });
});
