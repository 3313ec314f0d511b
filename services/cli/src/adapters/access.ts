import { fetchDevToken, type DevTokenRequest } from '@talon/http/dev-token';
import { type CliConfig, readConfig } from '../config';
import { connectionFault } from './connection-fault';

/** A token for the people of a command: the one in TALON_TOKEN, else one of the development issuer. @throws in one sentence when there is none to be had */
export async function tokenFor(request: DevTokenRequest, config: CliConfig = readConfig()): Promise<string> {
  if (config.token) return config.token;
  if (!config.issuer || !config.devKeysDir) {
    throw new Error('No platform is running here. Start it with: npm start (or set TALON_URL and TALON_TOKEN to reach another one)');
  }
  try {
    return await fetchDevToken(config.issuer, config.devKeysDir, request);
  } catch (error) {
    const fault = connectionFault(error);
    if (fault === undefined) throw error;
    throw new Error(`The development issuer at ${config.issuer} does not answer: ${fault}. Is the platform running? Start it with: npm start`);
  }
}
