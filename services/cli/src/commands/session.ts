import { tokenFor } from '../adapters/access';
import { ApiClient } from '../adapters/api-client';
import type { Platform } from '../application/ports';
import { readConfig } from '../config';

/** @param connections requests under way at once, per person */
export async function openPlatform(connections: number, portalId: string): Promise<Platform & { close(): Promise<void> }> {
  const config = readConfig();
  const tokens = await Promise.all([tokenFor({ role: 'authority-admin' }, config), tokenFor({ role: 'portal', portalId }, config), tokenFor({ role: 'operator' }, config)]);
  const [admin, portal, operator] = tokens.map((token) => new ApiClient(config.url, token, connections));
  const close = async () => void (await Promise.all([admin, portal, operator].map((client) => client!.close())));
  return { admin: admin!, portal: portal!, operator: operator!, close };
}
