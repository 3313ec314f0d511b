import { Client } from 'pg';

export type PlainQuery = <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;

/** One ordinary connection, for controls and measurements beside the store; closed when `use` is done. */
export async function withPlainClient<T>(url: string, use: (query: PlainQuery) => Promise<T>): Promise<T> {
  const client = new Client(url);
  // The statement under way reports a broken connection; without a listener the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(async <Row extends object>(text: string, values: unknown[] = []) => (await client.query<Row>(text, values)).rows);
  } finally {
    await client.end();
  }
}
