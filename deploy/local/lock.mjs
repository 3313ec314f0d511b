// One command at a time changes node_modules, tools and builds of a clone.
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isRunning, processIdentity, sleep, Trouble } from './processes.mjs';
import { say } from './steps.mjs';

const POLL_MS = 200;
const WAIT_MAX_MS = 15 * 60_000;
/** A lock without readable content is somebody's who crashed while writing it. */
const UNREADABLE_STALE_MS = 5_000;

/** Runs `work` while holding the lock file; waits for another holder, takes over from a dead one. */
export async function withLock(file, work) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) }));
  try {
    await acquire(file, mine);
    try {
      return await work();
    } finally {
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

async function acquire(file, mine) {
  const deadline = Date.now() + WAIT_MAX_MS;
  for (let told = false; ; ) {
    try {
      // A hard link appears whole or not at all, unlike a file that is created and then written.
      linkSync(mine, file);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readHolder(file);
    if (holder === 'stale') {
      rmSync(file, { force: true });
      continue;
    }
    if (!told && holder) say(`  waiting for another command that is setting things up (process ${holder.pid}) …`);
    told = true;
    if (Date.now() > deadline) throw new Trouble(`Another command has been setting things up for 15 minutes: stop it, or remove ${file}, and start again.`);
    await sleep(POLL_MS);
  }
}

function readHolder(file) {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8'));
    return isRunning(holder) ? holder : 'stale';
  } catch {
    try {
      return Date.now() - statSync(file).mtimeMs > UNREADABLE_STALE_MS ? 'stale' : undefined;
    } catch {
      return undefined;
    }
  }
}
