// Long steps show that they are alive; nothing but the scripts' own lines goes to the terminal.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { explainLog, tail, Trouble } from './processes.mjs';

const TICK_MS = 5_000;
const QUIET_MS = 1_000;

/** Where progress goes: standard error in scripts whose standard output somebody reads. */
export const out = { stream: process.stdout };
export const say = (line = '') => out.stream.write(`${line}\n`);
const seconds = (since) => `${Math.round((Date.now() - since) / 1000)} s`;

/**
 * Runs `work`, naming it, with the elapsed seconds every 5 s and at the end. Quiet when it takes less than a second and `brief` is set.
 * `work` gets a function to say what is going on right now.
 */
export async function step(label, work, { brief = false } = {}) {
  const since = Date.now();
  let detail = '';
  let announced = !brief;
  if (announced) say(`→ ${label} …`);
  const timer = setInterval(() => {
    if (!announced) say(`→ ${label} …`);
    announced = true;
    say(`  … ${seconds(since)}${detail ? ` · ${detail}` : ''}`);
  }, TICK_MS);
  try {
    const result = await work((text) => (detail = text));
    if (announced || Date.now() - since > QUIET_MS) say(`✓ ${label} (${seconds(since)})`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

/** Runs a command to its end, output into `logFile`. @throws {Trouble} with the last log lines when it fails */
export async function runLogged(what, command, args, { cwd, env = process.env, logFile, hint = '' }) {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const from = statSync(logFile).size;
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', log, log] });
  closeSync(log);
  const stop = () => child.kill();
  process.once('exit', stop);
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (status, signal) => resolve(status ?? signal));
  });
  process.off('exit', stop);
  if (code === 0) return;
  const text = tail(logFile, from);
  if (/ENOSPC|No space left/.test(text)) throw new Trouble(explainLog(what, '', text));
  throw new Trouble(`${what} failed (${code}).${hint ? ` ${hint}` : ''} Its last log lines (${logFile}):\n${text}`);
}
