import { withPlatform } from '../adapters/platform-context';
import { table } from '../adapters/tables';
import { print } from './print';

export async function rebuildCommand(name: string | undefined, options: { json?: boolean }): Promise<void> {
  await withPlatform(async ({ feeds }) => {
    if (name === undefined) return print(options.json, feeds.projections, () => `Read models: ${feeds.projections.join(', ')}`);
    process.stderr.write(`Building ${name} again from the beginning of the log …\n`);
    const rebuilt = await feeds.rebuild(name);
    const { events, rows, differences, seconds } = rebuilt;
    print(options.json, rebuilt, () =>
      [
        table(['read model', 'events', 'rows', 'differences', 'seconds', 'events/s'], [[name, events, rows, differences, Number(seconds.toFixed(2)), Math.round(events / seconds)]]),
        differences ? 'The rows were not those of the log (a changed row makes two differences). They are now.' : 'Row for row what the log says.',
      ].join('\n'),
    );
    if (differences) process.exitCode = 1;
  });
}
