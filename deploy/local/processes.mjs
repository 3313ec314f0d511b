// Processes by pid, without ever hitting a stranger: a pid counts only together with the instant at which its process started.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';

const POLL_MS = 40;
const ANCESTORS_MAX = 6;
const LOG_TAIL_BYTES = 8_192;

/** Something that went wrong and has a remedy: `message` is one sentence for the person at the terminal. */
export class Trouble extends Error {}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * What makes a running process that process: its start instant. A recycled pid has another one.
 * @returns undefined when no such process runs (a zombie does not run)
 */
export function processIdentity(pid) {
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The command in parentheses may hold spaces and parentheses; the fields after the last one are fixed.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${bootId()}:${fields[19]}`;
    } catch {
      return undefined;
    }
  }
  const ps = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const line = ps.stdout?.trim() ?? '';
  return ps.status !== 0 || line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
}

let bootIdRead;
function bootId() {
  bootIdRead ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return bootIdRead;
}

/** @returns the command line of a process, arguments separated by spaces; empty when unknown */
export function commandLine(pid) {
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    } catch {
      return '';
    }
  }
  return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() ?? '';
}

function parentOf(pid) {
  if (process.platform !== 'linux') return Number(spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }).stdout);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

/** @returns the npm that runs this script, or undefined when none does */
export function npmAbove() {
  if (!process.env.npm_lifecycle_event) return undefined;
  for (let pid = process.ppid, level = 0; pid > 1 && level < ANCESTORS_MAX; pid = parentOf(pid), level += 1) {
    if (/(^|\/|\s)npm(-cli\.js)?(\s|$)/.test(commandLine(pid))) return { pid, identity: processIdentity(pid) };
  }
  return undefined;
}

export const isRunning = ({ pid, identity }) => identity !== undefined && processIdentity(pid) === identity;

/**
 * Stops a process by pid: `signal`, then SIGKILL after `timeoutMs`. Does nothing when the pid belongs to another process by now.
 * @param group SIGKILL hits the whole process group that it leads
 * @returns whether it was still running
 */
export async function stopProcess({ pid, identity }, { signal = 'SIGTERM', timeoutMs = 15_000, group = false } = {}) {
  if (!isRunning({ pid, identity })) return false;
  send(pid, signal);
  if (await gone({ pid, identity }, timeoutMs)) return true;
  send(group ? -pid : pid, 'SIGKILL');
  await gone({ pid, identity }, 5_000);
  return true;
}

async function gone(ref, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (!isRunning(ref)) return true;
    await sleep(POLL_MS);
  }
  return !isRunning(ref);
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * Starts a process in a session of its own, so that a Ctrl-C in the terminal reaches only the script that then stops it in order.
 * Output goes to `logFile`. The caller's event loop does not wait for it.
 */
export function launch(command, args, { logFile, env = process.env, cwd = '/', uid, gid }) {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a', 0o600);
  const logStart = statSync(logFile).size;
  const child = spawn(command, args, { cwd, env, uid, gid, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let failure;
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve((failure = error.message)));
    child.once('exit', (code, signal) => resolve((failure = signal ? `ended by ${signal}` : `exit code ${code}`)));
  });
  child.unref();
  const ref = { pid: child.pid ?? -1, identity: processIdentity(child.pid) };
  return { ...ref, exited, failed: () => failure, log: () => tail(logFile, logStart) };
}

/** @returns the last lines of a log, at most 8 KiB, nothing before byte `from` */
export function tail(file, from = 0, linesMax = 15) {
  try {
    const { size } = statSync(file);
    const start = Math.max(from, size - LOG_TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    const fd = openSync(file, 'r');
    readSync(fd, buffer, 0, buffer.length, start);
    closeSync(fd);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-linesMax).join('\n');
  } catch {
    return '';
  }
}

/** Waits until `check` says yes; throws with the process's last log lines when it ends or the deadline passes before. */
export async function untilReady(name, child, check, timeoutMs = 30_000) {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (child.failed() !== undefined) break;
    if (await check()) return;
    await sleep(POLL_MS);
  }
  const why = child.failed() ?? `not ready after ${timeoutMs / 1000} s`;
  await stopProcess(child);
  throw new Trouble(explainLog(name, why, child.log()));
}

/** One sentence for faults that people meet; otherwise the log itself. */
export function explainLog(name, why, log) {
  if (/ENOSPC|No space left on device|disk (is )?full/i.test(log)) {
    return `${name} stopped because the disk is full: free some space (at least 300 MB) and start again.`;
  }
  if (/EADDRINUSE|Address (already )?in use/i.test(log)) return `${name} stopped because its port is taken: start again, it will choose another one.`;
  return `${name} did not start (${why}). Its last log lines:\n${log || '(none)'}`;
}

/** @returns whether a TCP connection to host:port is accepted within `timeoutMs` */
export function accepts(port, host = '127.0.0.1', timeoutMs = 1_000) {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const done = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** @returns whether this process could listen on the port right now */
export function portIsFree(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** @returns `preferred` when it is free, else a free port chosen by the system */
export async function freePort(preferred) {
  if (preferred && (await portIsFree(preferred))) return preferred;
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
