// PostgreSQL, Redis and NATS of our own: on loopback, on free ports, with their data where the caller says. Needs nothing but Node.
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { freePort, launch, stopProcess, Trouble, untilReady } from './processes.mjs';

export { startPostgres } from './postgres.mjs';

const START_ATTEMPTS_MAX = 3;
/** Debian keeps servers in directories that are not on everybody's PATH. */
const EXTRA_DIRS = ['/usr/local/bin', '/usr/bin', '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];

/** What runs in Docker where there is no binary. */
export const IMAGES = { 'redis-server': 'redis:7.2-alpine', 'nats-server': 'nats:2.10-alpine' };

/** @returns the path of an executable on the PATH or in the usual places, or undefined */
export function findBinary(name) {
  for (const dir of [...(process.env.PATH ?? '').split(delimiter), ...EXTRA_DIRS]) {
    if (!dir) continue;
    const path = join(dir, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here
    }
  }
  return undefined;
}

const needsDocker = (name) => !findBinary(name) && findBinary('docker') !== undefined;

/**
 * Redis without persistence: it holds nothing that cannot be rebuilt from the event store.
 * @param dataDir working directory, created when missing
 * @param port wanted; another one is taken when it is not free
 * @param docker run the image of Docker instead of a binary; default: when there is Docker and no binary
 * @param onLaunch told `{ name, pid, identity, signal, container? }` before it is known whether the server will be ready
 * @returns {Promise<Server>} `{ name, url, host, port, pid, identity, exited, stop() }`
 */
export function startRedis({ dataDir, port, logFile = `${dataDir}.log`, docker = needsDocker('redis-server'), onLaunch }) {
  const args = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction', '--daemonize', 'no'];
  return startServer('Redis', 'redis-server', {
    dataDir, port, logFile, docker, onLaunch, scheme: 'redis', innerPort: 6379,
    args: (listen) => ['--bind', listen.host, '--port', String(listen.port), '--dir', listen.dir, ...args, ...(docker ? ['--protected-mode', 'no'] : [])],
    ready: (p) => greets(p, 'PING\r\n', '+PONG'),
  });
}

/**
 * NATS with JetStream in `dataDir`. Returns as `startRedis` does.
 */
export function startNats({ dataDir, port, logFile = `${dataDir}.log`, docker = needsDocker('nats-server'), onLaunch }) {
  return startServer('NATS', 'nats-server', {
    dataDir, port, logFile, docker, onLaunch, scheme: 'nats', innerPort: 4222,
    args: (listen) => ['-a', listen.host, '-p', String(listen.port), '-js', '-sd', listen.dir],
    ready: (p) => greets(p, '', 'INFO '),
  });
}

async function startServer(name, binaryName, spec) {
  const binary = spec.docker ? findBinary('docker') : findBinary(binaryName);
  if (!binary) throw new Trouble(`${binaryName} was not found: install it (Debian: apt-get install ${binaryName}) and start again.`);
  mkdirSync(spec.dataDir, { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(attempt === 1 ? spec.port : undefined);
    const container = `talon-${binaryName}-${port}-${process.pid}`;
    const child = spec.docker
      ? launch(binary, dockerArgs(binaryName, container, port, spec), { logFile: spec.logFile })
      : launch(binary, spec.args({ host: '127.0.0.1', port, dir: spec.dataDir }), { logFile: spec.logFile });
    spec.onLaunch?.({ name, pid: child.pid, identity: child.identity, signal: 'SIGTERM', ...(spec.docker ? { container } : {}) });
    try {
      // A first run with Docker fetches the image.
      await untilReady(name, child, () => spec.ready(port), spec.docker ? 180_000 : 20_000);
      return {
        name, url: `${spec.scheme}://127.0.0.1:${port}`, host: '127.0.0.1', port,
        pid: child.pid, identity: child.identity, exited: child.exited, log: child.log,
        ...(spec.docker ? { container } : {}),
        stop: () => stopProcess(child, { signal: 'SIGTERM', timeoutMs: 10_000 }),
      };
    } catch (error) {
      // Somebody may have taken the port between looking and listening.
      if (attempt >= START_ATTEMPTS_MAX || !/port is taken/.test(error.message)) throw error;
    }
  }
}

function dockerArgs(binaryName, container, port, spec) {
  const inner = spec.args({ host: '0.0.0.0', port: spec.innerPort, dir: '/data' });
  return ['run', '--rm', '--name', container, '-p', `127.0.0.1:${port}:${spec.innerPort}`, '-v', `${spec.dataDir}:/data`, IMAGES[binaryName], binaryName, ...inner];
}

/** @returns whether the server at the port answers `hello` with text that starts with `expected`, within a second */
export function greets(port, hello, expected, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    let got = '';
    const done = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('connect', () => hello && socket.write(hello));
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      if (got.length >= expected.length) done(got.startsWith(expected));
    });
    socket.once('close', () => done(false));
  });
}

/** Removes a data directory of a stopped server; a missing one is fine. */
export function removeData(dataDir) {
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
}

/** @returns the text of a file, or undefined when there is none */
export const readIfThere = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
