// npm run bench: measures on a platform and servers of its own. Arguments after -- go to load-tests/bench/main.ts (--json, --runs N).
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inTerminal } from './child.mjs';
import { prepared } from './prepared.mjs';
import { ROOT, WORK } from './paths.mjs';

await prepared(fileURLToPath(import.meta.url), { quiet: true, servers: true });
const compiled = join(WORK, 'bench');
rmSync(compiled, { recursive: true, force: true });
const swc = join(ROOT, 'node_modules', '.bin', 'swc');
const code = await inTerminal(swc, ['load-tests', '-d', compiled, '--config-file', '.swcrc', '--strip-leading-paths', '--quiet']);
process.exitCode = code || (await inTerminal(process.execPath, [join(compiled, 'bench', 'main.js'), ...process.argv.slice(2)]));
