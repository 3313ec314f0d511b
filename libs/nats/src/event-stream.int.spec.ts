import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { startNats } from '@talon/testing';
import { EVENT_STREAM, EventStream, NatsGate } from './index';

describe('the stream of public events', () => {
  let server: Awaited<ReturnType<typeof startNats>>;
  let gate: NatsGate;
  const message = (position: number) => ({ id: `id-${position}`, subject: 'talon.sample.opened.v1.region', position, body: '{}' });

  beforeAll(async () => {
    server = await startNats();
    gate = NatsGate.connect(server.url);
    await gate.waitUntilConnected(5_000);
  });
  afterAll(async () => {
    await gate.close();
    await server.stop();
  });

  it('knows the position of its last message, and drops a repeat', async () => {
    const stream = new EventStream(gate);
    expect((await stream.end('talon.>')).position).toBe(-1);
    await stream.publish([message(3), message(8)]);
    await stream.publish([message(8)]);
    expect((await stream.end('talon.>')).position).toBe(8);
    expect((await stream.end('talon.sample.>')).position).toBe(8);
    expect((await stream.end('talon.other.>')).position).toBe(-1);
    const client = await connect({ servers: server.url });
    const manager = await jetstreamManager(client);
    expect((await manager.streams.info(EVENT_STREAM)).state.messages).toBe(2);
    await client.close();
  });

  it('does not say that messages are stored when they are not', async () => {
    const stream = new EventStream(gate);
    const before = await stream.end('talon.>');
    const client = await connect({ servers: server.url });
    const manager = await jetstreamManager(client);
    await manager.streams.delete(EVENT_STREAM);
    await expect(stream.publish([message(9)])).rejects.toMatchObject({ code: 'talon/unavailable' });
    await manager.streams.add({ name: EVENT_STREAM, subjects: ['talon.>'], max_msg_size: 1_000 });
    await expect(stream.publish([message(9), { ...message(10), body: 'x'.repeat(2_000) }])).rejects.toMatchObject({ code: 'talon/unavailable' });
    expect((await stream.end('talon.>')).created).not.toBe(before.created);
    await client.close();
  });
});
