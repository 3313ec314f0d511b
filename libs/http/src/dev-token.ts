import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Role } from '@talon/kernel';

/** The grant with which the development client may be anybody. Only the development issuer knows it. */
export const DEV_TOKEN_GRANT = 'urn:talon:grant:dev-token';
export const DEV_CLIENT_ID = 'talon-dev';
/** In the key directory: `{clientId, clientSecret}` of the development client, 0600. */
export const DEV_CLIENT_FILE = 'dev-client.json';
export const DEV_TOKEN_SECONDS_MIN = 3_600;
export const DEV_TOKEN_SECONDS_MAX = 43_200;
const TOKEN_TIMEOUT_MS = 5_000;

export interface DevTokenRequest {
  role: Role;
  patientId?: string;
  hospitalIds?: string[];
  portalId?: string;
  /** Default: the same for the same role and ids. */
  subject?: string;
  /** 3 600 to 43 200, which is the default. */
  seconds?: number;
}

/**
 * A token of the development issuer, authenticated with the client secret in `keysDir`.
 * @throws when the directory has no secret (the issuer never ran with it), the issuer does not answer, or it refuses
 */
export async function fetchDevToken(issuer: string, keysDir: string, request: DevTokenRequest): Promise<string> {
  const { clientId, clientSecret } = await devClient(keysDir);
  const body = new URLSearchParams({ grant_type: DEV_TOKEN_GRANT, client_id: clientId, client_secret: clientSecret, role: request.role });
  const optional = { patient: request.patientId, hospital: request.hospitalIds?.join(',') || undefined, portal: request.portalId, subject: request.subject, ttl: request.seconds?.toString() };
  for (const [name, value] of Object.entries(optional)) if (value !== undefined) body.set(name, value);
  const response = await fetch(`${issuer}/token`, { method: 'POST', body, signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS) });
  const answer = (await response.json()) as { access_token?: string; error_description?: string };
  if (!response.ok || answer.access_token === undefined) {
    throw new Error(`the development issuer refused: ${answer.error_description ?? `status ${response.status}`}`);
  }
  return answer.access_token;
}

async function devClient(keysDir: string): Promise<{ clientId: string; clientSecret: string }> {
  try {
    return JSON.parse(await readFile(join(keysDir, DEV_CLIENT_FILE), 'utf8')) as { clientId: string; clientSecret: string };
  } catch {
    throw new Error(`no development client in ${keysDir}; start the platform without TALON_ISSUER first`);
  }
}
