// .talon/run.json: what is running, for the command line tool and for the next start, which clears up what a killed one left.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOME } from './paths.mjs';
import { isRunning, processIdentity, stopProcess } from './processes.mjs';

const FILE = join(HOME, 'run.json');

/** @returns the record of the last start, or undefined */
export function readRecord() {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Written whole or not at all; readable by its owner only, because it holds passwords. */
export function writeRecord(record) {
  mkdirSync(HOME, { recursive: true });
  const draft = `${FILE}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, FILE);
}

export const removeRecord = () => rmSync(FILE, { force: true });

export const myself = () => ({ pid: process.pid, identity: processIdentity(process.pid) });

/** @returns the record of a platform whose start script is alive, or undefined */
export function runningPlatform() {
  const record = readRecord();
  return record && isRunning(record.start) ? record : undefined;
}

/** Stops what a start that was killed left behind, newest first. @returns the names of what was still running */
export async function stopLeftovers() {
  const record = readRecord();
  const stopped = [];
  for (const { name, pid, identity, signal, container } of [...(record?.processes ?? [])].reverse()) {
    if (await stopProcess({ pid, identity }, { signal, timeoutMs: 15_000 })) stopped.push(name);
    if (container) spawnSync('docker', ['rm', '-f', container], { stdio: 'ignore' });
  }
  removeRecord();
  return stopped;
}
