import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const START = resolve(__dirname, 'start.mjs');
const START_MS_MAX = 90_000;

interface Noted {
  name: string;
  pid: number;
}

let home: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'talon-start-'));
});
afterEach(async () => {
  for (const child of started.splice(0)) if (child.exitCode === null && child.signalCode === null) await ended(child, 'SIGINT');
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

/** Runs `npm start` without npm, in a home of its own. */
function start(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [START, ...args], { env: { ...process.env, NODE_OPTIONS: '', TALON_HOME: home, npm_lifecycle_event: '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  const said = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream!.on('data', (chunk: Buffer) => (said.text += chunk.toString()));
  return { child, said };
}

function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((done) => {
    child.once('close', (code) => done(code));
    if (signal) child.kill(signal);
  });
}

async function saying(run: ReturnType<typeof start>, words: string): Promise<void> {
  const deadline = Date.now() + START_MS_MAX;
  while (!run.said.text.includes(words)) {
    if (run.child.exitCode !== null || Date.now() > deadline) throw new Error(`never said "${words}":\n${run.said.text}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

const record = () => JSON.parse(readFileSync(join(home, 'run.json'), 'utf8')) as { address: string; processes: Noted[] };

/** A zombie that nobody has collected yet does not run any more. */
function runs({ pid }: Noted): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

const listening = (): Promise<Server> => new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => done(server));
});
const portOf = (server: Server) => (server.address() as { port: number }).port;

async function freePort(): Promise<number> {
  const server = await listening();
  const port = portOf(server);
  await new Promise((done) => server.close(done));
  return port;
}

describe('npm start that cannot', () => {
  const refused = async (env: Record<string, string>) => {
    const run = start({ TALON_PORT: String(await freePort()), ...env });
    expect(await ended(run.child)).toBe(1);
    // A stack trace is no explanation, and nothing may be left that the next start would have to clear up.
    expect(run.said.text).not.toMatch(/^ +at /m);
    expect(existsSync(join(home, 'run.json'))).toBe(false);
    return run.said.text.trim();
  };

  it('says in one sentence that the port is taken', async () => {
    const other = await listening();
    const port = portOf(other);
    expect(await refused({ TALON_PORT: String(port) })).toBe(
      `Port ${port} is taken by another program: stop that program, or choose another port, e.g. TALON_PORT=${port + 1} npm start.`,
    );
    other.close();
  });

  it.each([
    ['DATABASE_URL', 'mysql://u:hush-hush@127.0.0.1/x', 'is not a valid address'],
    ['DATABASE_URL', 'postgres://u:hush-hush@127.0.0.1:1/x', 'nothing answers at 127.0.0.1:1'],
    ['REDIS_URL', 'redis://:hush-hush@127.0.0.1:1', 'nothing answers'],
    ['NATS_URL', 'nats://u:hush-hush@127.0.0.1:1', 'nothing answers'],
    ['EVENTSTORE_URL', 'http://u:hush-hush@127.0.0.1:1', 'is not a valid address'],
    ['TALON_PORT', 'hush-hush', 'is not a port'],
  ])('names %s when it is wrong and keeps its value to itself', async (name, value, why) => {
    const said = await refused({ [name]: value });
    expect(said).toMatch(new RegExp(`^${name} `));
    expect(said).toContain(why);
    expect(said).not.toContain('hush-hush');
  });

  it('tries the password of DATABASE_URL without printing it', async () => {
    const url = new URL(process.env['TALON_TEST_DATABASE_URL']!);
    url.password = 'hush-hush';
    const said = await refused({ DATABASE_URL: url.href });
    expect(said).toMatch(/^DATABASE_URL does not work: .*password authentication failed/);
    expect(said).not.toContain('hush-hush');
  });

  it('tells a server that is not Redis from one that is', async () => {
    const other = createServer((socket) => socket.on('error', () => undefined).end('220 mail ready\r\n')).listen(0, '127.0.0.1');
    await new Promise((done) => other.once('listening', done));
    expect(await refused({ REDIS_URL: `redis://127.0.0.1:${portOf(other)}` })).toContain('is not a Redis that lets us in');
    other.close();
  });
});

describe('what a machine lacks', () => {
  it('is named with the way to get it', async () => {
    process.env['TALON_INSTALL'] = 'never';
    const { ensureServer } = await import(resolve(__dirname, 'bootstrap.mjs'));
    await expect(ensureServer('no-such-server')).rejects.toThrow(
      'no-such-server is missing and cannot be installed from here: install it (Debian: apt-get install no-such-server) or Docker, and start again.',
    );
  });

  it('may be space on the disk', async () => {
    const { needsDisk } = await import(resolve(__dirname, 'bootstrap.mjs'));
    expect(() => needsDisk(join(home, 'not', 'there', 'yet'), 1024)).not.toThrow();
    expect(() => needsDisk(home, 2 ** 60)).toThrow(/^The disk of .* is full \(\d+ MB free\): free some space/);
  });
});

describe('npm start', () => {
  it('recovers from kill -9 with the same data, and Ctrl-C leaves nothing behind', async () => {
    const port = await freePort();
    const env = { TALON_PORT: String(port), TALON_WORKERS: '1' };
    const first = start(env);
    await saying(first, 'Ctrl-C stops everything');
    const left = record();
    expect(left.processes.map(({ name }) => name).sort()).toEqual(['NATS', 'PostgreSQL', 'Redis', 'Talon']);
    await ended(first.child, 'SIGKILL');

    const second = start(env);
    await saying(second, 'Ctrl-C stops everything');
    expect(second.said.text).toContain('Stopped what an earlier start had left running');
    expect(left.processes.filter(runs)).toEqual([]);
    const linesToTry = (text: string) => text.match(/^ {2}curl .*$/gm);
    expect(linesToTry(second.said.text)).toHaveLength(3);
    expect(linesToTry(second.said.text)).toEqual(linesToTry(first.said.text));
    // No password of any server reaches the terminal.
    expect(second.said.text).not.toMatch(/\/\/[^/\s]*@/);

    const third = start(env);
    expect(await ended(third.child)).toBe(1);
    expect(third.said.text).toContain(`Talon is already running at ${left.address}`);

    const now = record();
    expect(now.processes.filter(runs)).toHaveLength(4);
    expect(await ended(second.child, 'SIGINT')).toBe(0);
    expect(now.processes.filter(runs)).toEqual([]);
    expect(existsSync(join(home, 'run.json'))).toBe(false);
  }, 2 * START_MS_MAX);
});
