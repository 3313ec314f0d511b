// The variables that point Talon at existing servers: checked before anything starts. What they hold is never printed.
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { ROOT } from './paths.mjs';
import { accepts, portIsFree, Trouble } from './processes.mjs';

const ANSWER_MS = 5_000;
const PORT_MAX = 65_535;

const KINDS = {
  DATABASE_URL: { form: /^postgres(ql)?:\/\//, example: 'postgres://user:password@host:5432/database', check: checkPostgres },
  REDIS_URL: { form: /^rediss?:\/\//, example: 'redis://host:6379', check: checkRedis },
  NATS_URL: { form: /^(nats|tls):\/\//, example: 'nats://host:4222', check: checkNats },
  EVENTSTORE_URL: { form: /^esdb(\+discover)?:\/\//, example: 'esdb://host:2113?tls=false', check: checkEventStore },
};

/**
 * Checks every variable that is set, form first, then by talking to the server.
 * @returns those that are set, name → value
 * @throws {Trouble} naming the variable and, of its value, at most host and port
 */
export async function existingServers(env = process.env) {
  const given = Object.entries(KINDS).filter(([name]) => env[name]);
  const checked = await Promise.all(given.map(async ([name, kind]) => {
    const url = parse(name, env[name], kind);
    await kind.check(url, (why) => new Trouble(`${name} does not work: ${why}. Correct or unset ${name} and start again.`));
    return [name, env[name]];
  }));
  return Object.fromEntries(checked);
}

function parse(name, value, { form, example }) {
  const wrong = () => new Trouble(`${name} is not a valid address: it looks like ${example}. Correct or unset ${name} and start again.`);
  if (!form.test(value)) throw wrong();
  try {
    // Several hosts, as NATS and EventStoreDB clusters have: the first one is asked.
    const url = new URL(value.replace(/^[a-z+]+:/, 'http:').replace(/,[^/?]*/, ''));
    if (!url.hostname || /\s/.test(value)) throw wrong();
    return { scheme: value.slice(0, value.indexOf(':')), host: url.hostname.replace(/^\[|\]$/g, ''), port: portOf(value, url), user: url.username, password: url.password, value };
  } catch {
    throw wrong();
  }
}

const DEFAULT_PORTS = { postgres: 5432, postgresql: 5432, redis: 6379, rediss: 6379, nats: 4222, tls: 4222, esdb: 2113, 'esdb+discover': 2113 };
// `new URL('http://host:80')` hides port 80.
const portOf = (value, url) => Number(url.port || /:80(?=[/?,]|$)/.test(value) && 80 || DEFAULT_PORTS[value.slice(0, value.indexOf(':'))]);

async function reach({ host, port }, trouble) {
  if (!(await accepts(port, host, ANSWER_MS))) throw trouble(`nothing answers at ${host}:${port}`);
}

async function checkPostgres(url, trouble) {
  await reach(url, trouble);
  let pg;
  try {
    pg = createRequire(join(ROOT, 'package.json'))('pg');
  } catch {
    // The packages are not installed yet: that something listens has to do.
    return;
  }
  const client = new pg.Client({ connectionString: url.value, connectionTimeoutMillis: ANSWER_MS, query_timeout: ANSWER_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
  } catch (error) {
    throw trouble(`PostgreSQL at ${url.host}:${url.port} says "${withoutSecrets(error.message, url)}"`);
  } finally {
    client.end().catch(() => {});
  }
}

async function checkRedis(url, trouble) {
  await reach(url, trouble);
  const login = url.password ? command('AUTH', ...(url.user ? [decode(url.user)] : []), decode(url.password)) : '';
  const answer = await ask(url, login + command('PING'), (text) => /\+PONG|^-|\n-/.test(text), url.scheme === 'rediss');
  if (!answer.includes('+PONG')) throw trouble(`what answers at ${url.host}:${url.port} is not a Redis that lets us in${said(answer.match(/^-(.*)$/m)?.[1], url)}`);
}

const command = (...words) => `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

async function checkNats(url, trouble) {
  await reach(url, trouble);
  // With TLS the greeting comes in clear text and the rest does not: the greeting has to do.
  const greeting = await ask(url, '', (text) => text.includes('\r\n'));
  const info = greeting.startsWith('INFO ') ? JSON.parse(greeting.slice(5, greeting.indexOf('\r\n'))) : undefined;
  if (!info) throw trouble(`what answers at ${url.host}:${url.port} is not NATS`);
  if (!info.jetstream) throw trouble(`NATS at ${url.host}:${url.port} runs without JetStream (start it with -js)`);
  if (info.tls_required) return;
  const login = url.password ? { user: decode(url.user), pass: decode(url.password) } : url.user ? { auth_token: decode(url.user) } : {};
  const answer = await ask(url, `CONNECT ${JSON.stringify({ verbose: false, pedantic: false, lang: 'talon', version: '1', ...login })}\r\nPING\r\n`, (text) => /PONG|-ERR/.test(text));
  if (!answer.includes('PONG')) throw trouble(`NATS at ${url.host}:${url.port} does not let us in${said(answer.match(/-ERR (.*)/)?.[1], url)}`);
}

function checkEventStore(url, trouble) {
  return reach(url, trouble);
}

const said = (text, url) => (text ? ` (it says "${withoutSecrets(text.trim(), url)}")` : '');
const decode = (text) => decodeURIComponent(text);

function withoutSecrets(text, { password, user }) {
  return [password, user].filter(Boolean).flatMap((secret) => [secret, decode(secret)]).reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
}

/** Sends `hello` and collects the answer until `enough` says so, the other side closes, or 5 s have passed. */
function ask({ host, port }, hello, enough, tls = false) {
  return new Promise((resolve) => {
    let got = '';
    const socket = tls ? connectTls({ host, port, servername: host, rejectUnauthorized: false }) : connect({ host, port });
    const done = () => {
      socket.destroy();
      resolve(got);
    };
    socket.setTimeout(ANSWER_MS, done);
    socket.once('error', done);
    socket.once('close', done);
    if (hello) socket.write(hello);
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      if (enough(got)) done();
    });
  });
}

/**
 * @returns the port of the HTTP API
 * @throws {Trouble} when TALON_PORT is no port, or somebody listens there
 */
export async function apiPort(env = process.env) {
  const text = env.TALON_PORT ?? '8080';
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > PORT_MAX) throw new Trouble('TALON_PORT is not a port: set it to a number from 1 to 65535, or unset it.');
  if ((await portIsFree(port)) && !(await accepts(port))) return port;
  throw new Trouble(`Port ${port} is taken by another program: stop that program, or choose another port, e.g. TALON_PORT=${port === PORT_MAX ? 8081 : port + 1} npm start.`);
}
