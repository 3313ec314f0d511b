import { fetchDevToken, type DevTokenRequest } from '@talon/http';
import { ApiClient } from '../adapters/api-client';
import type { Platform } from '../application/ports';
import { type CliConfig, readConfig } from '../config';

/** A token for the people of a command: the one in TALON_TOKEN, else one of the development issuer. */
export async function tokenFor(request: DevTokenRequest, config: CliConfig = readConfig()): Promise<string> {
  if (config.token) return config.token;
  if (!config.issuer || !config.devKeysDir) {
    throw new Error('No platform is running here. Start it with: npm start (or set TALON_URL and TALON_TOKEN to reach another one)');
  }
  return fetchDevToken(config.issuer, config.devKeysDir, request);
}

/** @param connections requests under way at once, per person */
export async function openPlatform(connections: number, portalId: string): Promise<Platform & { close(): Promise<void> }> {
  const config = readConfig();
  const [adminToken, portalToken] = await Promise.all([tokenFor({ role: 'authority-admin' }, config), tokenFor({ role: 'portal', portalId }, config)]);
  const admin = new ApiClient(config.url, adminToken, connections);
  const portal = new ApiClient(config.url, portalToken, connections);
  return { admin, portal, close: async () => void (await Promise.all([admin.close(), portal.close()])) };
}

/** Reports go to stdout: as JSON for programs, else as the text given. */
export function print(asJson: boolean | undefined, report: object, text: () => string): void {
  process.stdout.write(`${asJson ? JSON.stringify(report, null, 2) : text()}\n`);
}
