import { loadDemo } from '../application/demo';
import { print } from './print';
import { openPlatform } from './session';

export async function demoCommand(options: { json?: boolean }): Promise<void> {
  const platform = await openPlatform(4, 'demo');
  try {
    const region = await loadDemo(platform, Date.now());
    print(options.json, region, () => `Demonstration region: ${region.sessions} sessions from ${region.from} to ${region.to}.`);
  } finally {
    await platform.close();
  }
}
