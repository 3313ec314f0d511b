import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the clone. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** Tools, build stamps and locks of this clone. */
export const WORK = join(ROOT, '.talon');
/** Data, logs and the record of the running platform; elsewhere with TALON_HOME. */
export const HOME = process.env.TALON_HOME ? resolve(process.env.TALON_HOME) : WORK;
/** Node keeps compiled code here, which makes the second start of anything quicker. */
export const COMPILED = join(WORK, 'compiled');
