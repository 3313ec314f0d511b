// node deploy/local/run.mjs COMMAND …: runs a command with Node 24 and the npm packages in place.
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inTerminal } from './child.mjs';
import { prepared } from './prepared.mjs';
import { ROOT } from './paths.mjs';

await prepared(fileURLToPath(import.meta.url), { quiet: true, build: false });
const [command, ...args] = process.argv.slice(2);
process.exitCode = await inTerminal(command, args, { PATH: `${join(ROOT, 'node_modules', '.bin')}${delimiter}${process.env.PATH}` });
