import { ensureBuild, ensurePackages, ensureServer, underNode24 } from './bootstrap.mjs';
import { Trouble } from './processes.mjs';
import { out } from './steps.mjs';

/**
 * What every script but `npm start` begins with: Node 24, packages and, unless told otherwise, a current build. Ends the process with one
 * sentence when that cannot be had.
 * @param quiet progress goes to standard error
 * @param servers Redis and nats-server are needed, too
 */
export async function prepared(script, { quiet = false, build = true, servers = false } = {}) {
  if (quiet) out.stream = process.stderr;
  try {
    await underNode24(script);
    await ensurePackages();
    if (build) await ensureBuild();
    if (servers) for (const binary of ['redis-server', 'nats-server']) await ensureServer(binary);
  } catch (error) {
    process.stderr.write(`\n${error instanceof Trouble ? error.message : error.stack}\n`);
    process.exit(1);
  }
}
