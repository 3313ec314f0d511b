// Outlives the process it watches: when that one ends, in whatever way, the servers noted in the folder are stopped and the folder removed.
// usage: node guard.mjs <pid to watch> <folder>; servers are noted as <folder>/processes/<pid>.json = { pid, identity, signal }
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning, launch, processIdentity, sleep, stopProcess } from './processes.mjs';

const WATCH_MS = 500;
const ROUNDS_MAX = 20;
const notes = (folder) => join(folder, 'processes');

/** Notes a server, so that it is stopped when the watched process ends. */
export function note(folder, { pid, identity }, signal = 'SIGTERM') {
  mkdirSync(notes(folder), { recursive: true });
  writeFileSync(join(notes(folder), `${pid}.json`), JSON.stringify({ pid, identity, signal }));
}

/** Stops every noted server and removes the folder. Repeating it does nothing. */
export async function cleanUp(folder) {
  const files = existsSync(notes(folder)) ? readdirSync(notes(folder)) : [];
  await Promise.all(files.map((file) => {
    const { pid, identity, signal } = JSON.parse(readFileSync(join(notes(folder), file), 'utf8'));
    return stopProcess({ pid, identity }, { signal, timeoutMs: 5_000 });
  }));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Starts a guard for this process over `folder`. It ends by itself when the folder is gone. */
export function startGuard(folder) {
  launch(process.execPath, [fileURLToPath(import.meta.url), String(process.pid), folder], { logFile: join(folder, 'guard.log') });
}

async function watch(pid, folder) {
  const watched = { pid, identity: processIdentity(pid) };
  while (existsSync(folder) && isRunning(watched)) await sleep(WATCH_MS);
  if (isRunning(watched)) return;
  // Children of the killed process may live a little longer and write, or even start a server, in a folder that is gone already.
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    if (existsSync(folder)) await cleanUp(folder).catch((error) => console.error(error.message));
    await sleep(WATCH_MS);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) void watch(Number(process.argv[2]), process.argv[3]);
