// Feeds forbidden imports to the guards and fails when one of them is not reported: a guard that cannot object is decoration.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ESLint } from 'eslint';

const root = join(import.meta.dirname, '..');

/** Inside a folder: ESLint must object. */
const FOLDER_CASES = [
  ['services/booking/src/domain/x.ts', "import '@nestjs/common';", 'no-restricted-imports'],
  ['services/booking/src/domain/x.ts', "import '../application/ports';", 'no-restricted-imports'],
  ['services/booking/src/domain/x.ts', 'export const at = Date.now();', 'no-restricted-syntax'],
  ['services/booking/src/domain/x.ts', 'export const x = async () => await 1;', 'no-restricted-syntax'],
  ['services/booking/src/application/x.ts', "import '@talon/redis';", 'no-restricted-imports'],
  ['services/inventory/src/adapters/redis/x.ts', "import '../http/y';", 'no-restricted-imports'],
  ['services/booking/src/adapters/http/x.ts', "import { specFor } from '@talon/testing'; specFor;", '@typescript-eslint/no-restricted-imports'],
  ['services/booking/src/adapters/http/x.ts', 'export const url = process.env.DATABASE_URL;', 'no-restricted-properties'],
  ['services/booking/src/domain/x.ts', 'export const fee = parseFloat("1.5");', 'no-restricted-syntax'],
  ['libs/kernel/src/x.ts', 'export const fee = { amountMinor: 1.5 };', 'no-restricted-syntax'],
];

/** Between projects: dependency-cruiser must object. */
const PROJECT_CASES = [
  ['services/booking/src/canary.ts', "import '@talon/inventory';", 'services-know-no-service'],
  ['libs/kernel/src/canary.ts', "import '@talon/http';", 'libs-kernel-imports-inwards'],
  ['libs/kernel/src/canary.ts', "import 'luxon';", 'core-needs-node-only'],
  ['libs/redis/src/canary.ts', "import '@talon/http';", 'libs-redis-imports-inwards'],
  ['services/booking/src/canary.ts', "import 'redis';", 'one-owner-of-redis'],
  ['services/booking/src/canary.ts', "import 'pg';", 'one-owner-of-pg'],
  ['libs/read-model/src/canary.ts', "import '@talon/schedule';", 'libraries-know-no-service'],
];

let asleep = 0;
const report = (awake, file, code, rule) => {
  if (!awake) asleep++;
  console.log(`${awake ? 'objects' : 'ASLEEP '}  ${rule.padEnd(40)} ${file}: ${code}`);
};

const eslint = new ESLint({ cwd: root });
for (const [file, code, rule] of FOLDER_CASES) {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: join(root, file) });
  report(result.messages.some((message) => message.ruleId === rule), file, code, rule);
}

for (const [file, code, rule] of PROJECT_CASES) {
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${code}\n`);
  let output = '';
  try {
    output = execFileSync('npx', ['depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'err', file], { cwd: root, encoding: 'utf8' });
  } catch (error) {
    output = String(error.stdout);
  } finally {
    rmSync(path);
  }
  report(output.includes(rule), file, code, rule);
}

console.log(asleep === 0 ? `All ${FOLDER_CASES.length + PROJECT_CASES.length} guards object.` : `${asleep} guard(s) asleep.`);
process.exitCode = asleep === 0 ? 0 : 1;
