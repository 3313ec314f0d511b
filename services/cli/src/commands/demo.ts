import { loadDemo } from '../application/demo';
import { rehearsalNow } from '../application/rehearsal';
import { print } from './print';
import { openPlatform } from './session';

export async function demoCommand(options: { json?: boolean }): Promise<void> {
  const platform = await openPlatform(4, 'demo');
  try {
    const rehearsal = await rehearsalNow(platform.operator);
    if (rehearsal) throw new Error(`This platform rehearses (it is ${rehearsal} there), and the demonstration region belongs to real time. Start it with: npm start`);
    const region = await loadDemo(platform, Date.now());
    print(options.json, region, () => `Demonstration region: ${region.sessions} sessions from ${region.from} to ${region.to}.`);
  } finally {
    await platform.close();
  }
}
