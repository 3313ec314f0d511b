// npm start: sets up what is missing, starts the platform with servers of its own, loads a demonstration region, says what to try.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuild, ensurePackages, ensureServer, needsDisk, underNode24 } from './bootstrap.mjs';
import { apiPort, existingServers } from './environment.mjs';
import { withLock } from './lock.mjs';
import { HOME, ROOT } from './paths.mjs';
import { Platform } from './platform.mjs';
import { isRunning, npmAbove, Trouble } from './processes.mjs';
import { myself, removeRecord, runningPlatform, stopLeftovers, writeRecord } from './run-record.mjs';
import { say, step } from './steps.mjs';
import { whatToTry } from './what-to-try.mjs';

const HELP = `npm start [-- options]

  --rehearsal   a world of its own whose clock is driven from outside, empty at first; for "npm run -s talon -- replay"
  --fresh       forget what earlier starts stored and begin empty
  --help        this text

Environment: DATABASE_URL, REDIS_URL, NATS_URL, EVENTSTORE_URL use existing servers instead of own ones; TALON_PORT (8080).
deploy/README.md lists all variables. Ctrl-C stops everything.`;

const CLI = join(ROOT, 'services', 'cli', 'dist', 'main.js');
const DEMO_MS = 120_000;

function parse(args) {
  const known = new Set(['--rehearsal', '--fresh', '--help']);
  const unknown = args.find((arg) => !known.has(arg));
  if (unknown) throw new Trouble(`Unknown option ${unknown}: npm start -- --help lists the options.`);
  return { rehearsal: args.includes('--rehearsal'), fresh: args.includes('--fresh'), help: args.includes('--help') };
}

/** One start at a time claims the clone; it also clears up after one that was killed. */
function claim(mode) {
  return withLock(join(HOME, 'start.lock'), async () => {
    const running = runningPlatform();
    if (running) {
      throw new Trouble(`Talon is already running at ${running.address} (process ${running.start.pid}): use that one, or stop it with Ctrl-C there and start again.`);
    }
    const stopped = await stopLeftovers();
    if (stopped.length > 0) say(`Stopped what an earlier start had left running: ${stopped.join(', ')}.`);
    const port = await apiPort();
    const record = { mode, state: 'starting', startedAt: new Date().toISOString(), start: myself(), address: `http://127.0.0.1:${port}`, processes: [], env: { TALON_PORT: String(port) } };
    if (mode === 'rehearsal') record.env.TALON_REHEARSAL = '1';
    writeRecord(record);
    return record;
  });
}

async function prepare() {
  let given = await existingServers();
  // Before the first `npm ci` a password cannot be tried, only the address.
  if (await ensurePackages()) given = await existingServers();
  await ensureBuild();
  const docker = {};
  for (const [variable, binary] of [['REDIS_URL', 'redis-server'], ['NATS_URL', 'nats-server']]) {
    if (!given[variable]) docker[variable] = (await ensureServer(binary)).docker;
  }
  return { given, docker };
}

async function main(platformOf) {
  const options = parse(process.argv.slice(2));
  if (options.help) return say(HELP);
  needsDisk(HOME);
  const platform = platformOf(await claim(options.rehearsal ? 'rehearsal' : 'data'));
  const { given, docker } = await prepare();
  if (options.fresh) platform.clear({ keepSecrets: Boolean(given.DATABASE_URL) });
  if (options.fresh && given.DATABASE_URL) say('--fresh leaves the database of DATABASE_URL as it is.');
  await step('Starting the servers', () => platform.startServers(given, docker));
  platform.secrets();
  await step('Starting Talon', (show) => platform.startStandalone(show));
  const region = options.rehearsal || process.env.TALON_ISSUER ? undefined : await demo(platform, given);
  platform.record.state = 'ready';
  writeRecord(platform.record);
  say(whatToTry(platform.record, region));
  await platform.failure;
}

/**
 * The command adds what is missing, so every day the coming fortnight; on the same day nothing is, and it is not asked.
 * @returns ids of things to try
 */
async function demo(platform, given) {
  const today = new Date().toISOString().slice(0, 10);
  const file = join(platform.dir, 'demo.json');
  const own = !given.DATABASE_URL && !given.EVENTSTORE_URL;
  const loaded = own && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  if (loaded?.day === today) return loaded.region;
  const region = await step('Loading the demonstration region', () => loadDemo(platform.record));
  if (own) writeFileSync(file, JSON.stringify({ day: today, region }));
  return region;
}

async function loadDemo({ env, cli }) {
  const { error, stdout, stderr } = await new Promise((resolve) => {
    const options = { cwd: ROOT, env: { ...process.env, ...env, ...cli }, timeout: DEMO_MS, maxBuffer: 16 * 1024 * 1024 };
    execFile(process.execPath, [CLI, 'demo', '--json'], options, (...[failure, out, err]) => resolve({ error: failure, stdout: out, stderr: err }));
  });
  if (error) throw new Trouble(`Loading the demonstration region failed. Its last lines:\n${(stderr || stdout || error.message).trim().split('\n').slice(-12).join('\n')}`);
  return JSON.parse(stdout);
}

await underNode24(fileURLToPath(import.meta.url));

let platform;
let ending;
/** Everything that was started is stopped before this process ends, however it ends. */
function end(code) {
  return (ending ??= (async () => {
    if (platform) {
      await platform.stop();
      removeRecord();
    }
    process.exit(code);
  })());
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (ending) return;
    say('\nStopping …');
    void end(platform?.record.state === 'ready' ? 0 : 130);
  });
}

// A killed npm cannot pass anything on; without it nobody could stop us with Ctrl-C. The timer also keeps this process alive.
const npm = npmAbove();
setInterval(() => {
  if (!npm || isRunning(npm) || ending) return;
  void end(1);
}, 1_000);

try {
  await main((record) => (platform = new Platform(record)));
  await end(0);
} catch (error) {
  if (!ending) process.stderr.write(`\n${error instanceof Trouble ? error.message : error.stack}\n`);
  await end(1);
}
