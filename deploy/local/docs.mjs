// npm run docs: writes docs/events.md and docs/errors.md from the contracts and the error tables; -- --check only compares.
import { fileURLToPath } from 'node:url';
import { runTalon } from './talon.mjs';

await runTalon(fileURLToPath(import.meta.url), ['docs', ...process.argv.slice(2)]);
