// Sets up what a fresh clone on a fresh machine lacks: Node 24, the npm packages, Redis and nats-server, the build. Needs Node 18 and npm.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs, { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { withLock } from './lock.mjs';
import { ROOT, WORK } from './paths.mjs';
import { Trouble } from './processes.mjs';
import { findBinary, IMAGES } from './servers.mjs';
import { runLogged, step } from './steps.mjs';

const NODE_MAJOR = '24';
const DISK_MIN_BYTES = 300 * 1024 * 1024;
const LOCK = join(WORK, 'setup.lock');
const LOGS = join(WORK, 'logs');
const TOOL_NODE = join(WORK, 'tools', 'node_modules', 'node', 'bin');

/**
 * Runs the script under Node 24: with another Node it fetches the npm package `node@24` into .talon/tools, starts itself again with it,
 * passes signals and the exit code on, and never returns. With Node 24 it returns at once.
 */
export async function underNode24(script) {
  if (process.versions.node.split('.')[0] === NODE_MAJOR) {
    // What is started from here must find the same Node.
    process.env.PATH = `${join(process.execPath, '..')}${delimiter}${process.env.PATH ?? ''}`;
    // The outer process is gone without having been able to pass a signal on: end as if it had.
    if (process.env.TALON_OUTER_NODE === String(process.ppid) && process.channel) {
      process.channel.unref();
      process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
    }
    delete process.env.TALON_OUTER_NODE;
    return;
  }
  const node = join(TOOL_NODE, 'node');
  if (!nodeWorks(node)) await withLock(LOCK, () => (nodeWorks(node) ? undefined : fetchNode(node)));
  const env = { ...process.env, TALON_OUTER_NODE: String(process.pid) };
  const child = spawn(node, [...process.execArgv, script, ...process.argv.slice(2)], { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const code = await new Promise((resolve) => child.once('exit', (status, signal) => resolve(status ?? (signal === 'SIGINT' ? 130 : 143))));
  process.exit(code);
}

function nodeWorks(node) {
  if (!existsSync(node)) return false;
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return stdout?.startsWith(`v${NODE_MAJOR}.`) ?? false;
}

async function fetchNode(node) {
  needsDisk(WORK);
  const dir = join(WORK, 'tools');
  mkdirSync(dir, { recursive: true });
  if (!existsSync(join(dir, 'package.json'))) writeFileSync(join(dir, 'package.json'), '{ "name": "talon-tools", "private": true }\n');
  await step(`Fetching Node ${NODE_MAJOR} (this is ${process.version})`, () =>
    // The package's own install script puts the binary in place; a person's ignore-scripts must not stop it.
    npm(['install', `node@${NODE_MAJOR}`, '--no-save', '--ignore-scripts=false', '--workspaces=false', '--prefix', dir], dir, 'Fetching Node 24'),
  );
  if (!nodeWorks(node)) throw new Trouble(`Node ${NODE_MAJOR} does not run on this machine: install Node ${NODE_MAJOR} (https://nodejs.org) and start again.`);
}

function npm(args, cwd, what) {
  return runLogged(what, 'npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd, env: { ...process.env, NODE_ENV: '' }, logFile: join(LOGS, 'npm.log'),
    hint: 'Check that npm reaches its registry and start again.',
  });
}

/** Installs the npm packages when they are missing or differ from the lock file. @returns whether it did */
export async function ensurePackages() {
  if (packagesMatch()) return false;
  return withLock(LOCK, async () => {
    if (packagesMatch()) return false;
    needsDisk(ROOT);
    await step('Installing npm packages', () => npm(['ci', '--include=dev', '--include=optional'], ROOT, 'npm ci'));
    return true;
  });
}

/** npm keeps a lock file of what is really there; it must hold every package of ours that this platform needs. */
function packagesMatch() {
  try {
    const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
    const there = JSON.parse(readFileSync(join(ROOT, 'node_modules', '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(([path, { version, link, optional, devOptional }]) =>
      !path.startsWith('node_modules/') || link || there[path]?.version === version || (!there[path] && (optional || devOptional)));
  } catch {
    return false;
  }
}

/** @throws {Trouble} when less than 300 MB are free where `dir` is or will be */
export function needsDisk(dir, minBytes = DISK_MIN_BYTES) {
  let existing = dir;
  while (!existsSync(existing)) existing = join(existing, '..');
  // Node before 18.15 cannot tell.
  const { bavail, bsize } = fs.statfsSync?.(existing) ?? { bavail: minBytes, bsize: 1 };
  if (bavail * bsize >= minBytes) return;
  throw new Trouble(`The disk of ${dir} is full (${Math.floor((bavail * bsize) / 1048576)} MB free): free some space (at least ${Math.ceil(minBytes / 1048576)} MB) and start again.`);
}

/** Compiles the sources when they changed since the last time. @returns whether it did */
export async function ensureBuild() {
  if (buildIsCurrent()) return false;
  return withLock(LOCK, async () => {
    if (buildIsCurrent()) return false;
    needsDisk(ROOT);
    const stamp = sourceStamp();
    const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false', NX_INTERACTIVE: 'false' };
    const nx = join(ROOT, 'node_modules', '.bin', 'nx');
    await step('Building', () =>
      runLogged('The build', process.execPath, [nx, 'run-many', '-t', 'build', '--output-style=static'], { cwd: ROOT, env, logFile: join(LOGS, 'build.log') }));
    mkdirSync(WORK, { recursive: true });
    writeFileSync(join(WORK, 'build.stamp'), stamp);
    return true;
  });
}

function buildIsCurrent() {
  try {
    return readFileSync(join(WORK, 'build.stamp'), 'utf8') === sourceStamp() && projects().every((dir) => existsSync(join(dir, 'dist')));
  } catch {
    return false;
  }
}

const projects = () => ['libs', 'services'].flatMap((group) => readdirSync(join(ROOT, group)).map((name) => join(ROOT, group, name))).filter((dir) => existsSync(join(dir, 'project.json')));

/** Changes whenever a file that the build reads appears, disappears or is written. */
function sourceStamp() {
  const hash = createHash('sha256');
  const add = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name));
    else if (stat) hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`);
  };
  for (const dir of projects()) for (const part of ['src', 'migrations', 'package.json', 'project.json']) add(join(dir, part));
  for (const file of ['.swcrc', 'nx.json', 'package-lock.json']) add(join(ROOT, file));
  return hash.digest('hex');
}

/**
 * Finds a way to run a server: a binary, else the distribution's package where we may install it, else Docker.
 * @returns {Promise<{docker: boolean}>}
 * @throws {Trouble} saying what to install
 */
export async function ensureServer(binary) {
  if (findBinary(binary)) return { docker: false };
  const apt = process.env.TALON_INSTALL === 'never' ? undefined : aptGet();
  if (apt) {
    const done = await withLock(LOCK, () => step(`Installing ${binary} with apt-get`, () => aptInstall(apt, binary)));
    if (done && findBinary(binary)) return { docker: false };
  }
  if (IMAGES[binary] && findBinary('docker') && spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 10_000 }).status === 0) return { docker: true };
  throw new Trouble(`${binary} is missing and cannot be installed from here: install it (Debian: apt-get install ${binary}) or Docker, and start again.`);
}

function aptGet() {
  const apt = findBinary('apt-get');
  if (!apt) return undefined;
  if (process.getuid?.() === 0) return [apt];
  const sudo = findBinary('sudo');
  return sudo && spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? [sudo, '-n', apt] : undefined;
}

/** The package may start a daemon of its own on the default port; it is left alone, ours listens on another one. */
async function aptInstall([command, ...prefix], binary) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const logFile = join(LOGS, 'apt.log');
  const apt = (...args) => runLogged('apt-get', command, [...prefix, ...args], { cwd: '/', env, logFile });
  try {
    await apt('install', '-y', '--no-install-recommends', binary).catch(async () => {
      await apt('update');
      await apt('install', '-y', '--no-install-recommends', binary);
    });
    return true;
  } catch {
    // Docker may still do.
    return false;
  }
}
