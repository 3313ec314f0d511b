import { Command, InvalidArgumentError, Option } from 'commander';
import { ROLES } from '@talon/kernel';
import { connectionFault } from './adapters/connection-fault';

// Each command loads its own code when it runs: `talon token` must not wait for what `talon audit` needs.
const program = new Command('talon').description('Operates a running Talon platform.').version('0.1.0').showHelpAfterError('(add --help for the options)');

program
  .command('token')
  .description('print an access token of the development issuer')
  .argument('<role>', ROLES.join(', '), (role) => {
    if (!(ROLES as readonly string[]).includes(role)) throw new InvalidArgumentError(`Roles are ${ROLES.join(', ')}.`);
    return role;
  })
  .option('--patient <id>', 'for role patient: the patient record this account is')
  .option('--hospital <id...>', 'for staff: hospitals they work in')
  .option('--portal <id>', 'for role portal: which portal it is')
  .option('--subject <name>', 'token subject; the same role and ids give the same one by default')
  .action(async (role, options) => (await import('./commands/token.js')).tokenCommand(role, options));

program
  .command('demo')
  .description('load the demonstration region; a repeat adds only new days')
  .option('--json', 'print ids as JSON')
  .action(async (options) => (await import('./commands/demo.js')).demoCommand(options));

program
  .command('import')
  .description('import data')
  .command('schedule')
  .description('import hospitals, departments, doctors and sessions (columns: docs/import-schedule.md)')
  .argument('<file>', 'CSV or XLSX')
  .option('--check', 'only check, write nothing')
  .option('--json', 'print the report as JSON')
  .action(async (file, options) => (await import('./commands/import-schedule.js')).importScheduleCommand(file, options));

program
  .command('replay')
  .description('replay an appointments file through the API of a platform started with: npm start -- --rehearsal')
  .argument('<file>', 'CSV: PatientId, AppointmentID, ScheduledDay, AppointmentDay, Age, Neighbourhood')
  .addOption(new Option('--until <date>', 'only bookings made up to this day, YYYY-MM-DD').argParser(localDate))
  .option('--json', 'print the report as JSON')
  .action(async (file, options) => (await import('./commands/replay.js')).replayCommand(file, options));

program
  .command('audit')
  .description('check the log against the invariants; exit code 1 when one is broken')
  .option('--json', 'print the result as JSON')
  .action(async (options) => (await import('./commands/audit.js')).auditCommand(options));

program
  .command('rebuild')
  .description('build a read model again from the log and compare')
  .argument('[name]', 'which one; without: list them')
  .option('--json', 'print the result as JSON')
  .action(async (name, options) => (await import('./commands/rebuild.js')).rebuildCommand(name, options));

program
  .command('docs')
  .description('write docs/events.md and docs/errors.md')
  .option('--check', 'only compare; exit code 1 when they are stale')
  .action(async (options) => (await import('./commands/docs.js')).docsCommand(options));

function localDate(value: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value) || new Date(`${value}T00:00:00Z`).toJSON()?.slice(0, 10) !== value) {
    throw new InvalidArgumentError('A day looks like 2016-05-01.');
  }
  return value;
}

/** One sentence: whoever operates the platform gets a remedy, not a stack. */
function sentenceOf(error: unknown): string {
  const fault = connectionFault(error);
  const message = error instanceof Error ? error.message : String(error);
  const bare = message === '' || /\bE[A-Z]{5,}\b|^fetch failed$/.test(message);
  return fault && bare ? `a server of the platform does not answer: ${fault}. Is it running? Start it with: npm start` : message;
}

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`talon: ${sentenceOf(error)}\n`);
  process.exitCode = 1;
});
