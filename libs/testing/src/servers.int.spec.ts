import { connect } from 'node:net';
import { Client } from 'pg';
import { freshDatabase, startNats, startRedis, type TestServer } from './servers';

/** Sends one line of Redis's inline protocol and returns the first reply. */
function ask(server: TestServer, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(`${line}\r\n`));
    socket.once('error', reject);
    socket.once('data', (reply) => {
      socket.destroy();
      resolve(reply.toString().trim());
    });
  });
}

async function query(url: string, sql: string): Promise<unknown> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows[0];
  } finally {
    await client.end();
  }
}

describe('servers for specs', () => {
  it('gives two specs databases that do not see each other', async () => {
    const [one, two] = await Promise.all([freshDatabase(), freshDatabase()]);
    await query(one.url, 'CREATE TABLE seen (id int)');
    await expect(query(two.url, 'SELECT * FROM seen')).rejects.toThrow('relation "seen" does not exist');
    await Promise.all([one.drop(), two.drop()]);
    await expect(query(one.url, 'SELECT 1')).rejects.toThrow('does not exist');
  });

  it('restarts Redis empty, at the same port, as another process', async () => {
    const redis = await startRedis();
    const { pid } = redis;
    await ask(redis, 'SET slot taken');
    expect(await ask(redis, 'EXISTS slot')).toBe(':1');
    await redis.restart();
    expect(await ask(redis, 'EXISTS slot')).toBe(':0');
    expect(redis.pid).not.toBe(pid);
    await redis.stop();
    await expect(ask(redis, 'PING')).rejects.toThrow('ECONNREFUSED');
  });

  it('starts NATS with JetStream', async () => {
    const nats = await startNats();
    expect(await ask(nats, '')).toContain('"jetstream":true');
    await nats.wipe();
    expect(await ask(nats, '')).toContain('"jetstream":true');
    await nats.stop();
  });
});
