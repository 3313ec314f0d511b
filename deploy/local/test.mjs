// npm test: sets up what is missing and runs every test, on servers of its own. Arguments after -- go to Jest.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inTerminal } from './child.mjs';
import { prepared } from './prepared.mjs';
import { ROOT, WORK } from './paths.mjs';

const WORKERS = 2;

await prepared(fileURLToPath(import.meta.url), { servers: true });
const given = process.argv.slice(2);
const has = (...names) => given.some((arg) => names.some((name) => arg === name || arg.startsWith(`${name}=`)));
const args = [
  '--experimental-vm-modules', '--disable-warning=ExperimentalWarning', join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
  ...(has('--maxWorkers', '-w', '--runInBand', '-i') ? [] : [`--maxWorkers=${WORKERS}`]),
  ...(has('--json', '--outputFile', '--watch', '--watchAll', '--listTests') ? [] : ['--json', `--outputFile=${join(WORK, 'test-results.json')}`]),
  ...given,
];
// Specs choose their own servers: those of the person's environment must stay out of it.
const own = Object.fromEntries(['DATABASE_URL', 'REDIS_URL', 'NATS_URL', 'EVENTSTORE_URL', 'TALON_PORT', 'TALON_ISSUER'].map((name) => [name, undefined]));
process.exitCode = await inTerminal(process.execPath, args, own);
