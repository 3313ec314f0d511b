// npm run -s talon -- …: the command line tool, pointed at the platform that npm start runs. Standard output belongs to the command.
import module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepared } from './prepared.mjs';
import { COMPILED, ROOT } from './paths.mjs';
import { runningPlatform } from './run-record.mjs';

/** Runs the tool in this process, with the arguments of the command line. */
export async function runTalon(script, args) {
  await prepared(script, { quiet: true });
  const record = runningPlatform();
  for (const [name, value] of Object.entries({ ...record?.env, ...record?.cli })) process.env[name] ??= value;
  const main = join(ROOT, 'services', 'cli', 'dist', 'main.js');
  process.argv = [process.execPath, main, ...args];
  module.enableCompileCache?.(COMPILED);
  createRequire(import.meta.url)(main);
}

const self = fileURLToPath(import.meta.url);
if (process.argv[1] === self) await runTalon(self, process.argv.slice(2));
