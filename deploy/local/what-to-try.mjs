// The last words of a start: where things are, and three lines that work when pasted.

/** @param demo what `talon demo --json` printed: `{ hospitalId, sessionId, patientId, … }`; absent in a rehearsal */
export function whatToTry({ address, mode, env }, demo) {
  const place = (name, variable) => `  ${name.padEnd(12)} ${withoutLogin(env[variable])}`;
  const lines = [
    '',
    `Talon is ready${mode === 'rehearsal' ? ' for a rehearsal: its clock stands still until somebody moves it' : ''}.`,
    '',
    `  API          ${address}`,
    `  browse it    ${address}/docs`,
    '  a token      npm run -s talon -- token <role>    (patient, registrar, doctor, hospital-admin, authority-admin, portal, operator)',
    place('PostgreSQL', 'DATABASE_URL'),
    place('Redis', 'REDIS_URL'),
    place('NATS', 'NATS_URL'),
    ...(env.EVENTSTORE_URL ? [place('EventStoreDB', 'EVENTSTORE_URL')] : []),
    '',
    ...(demo ? tryThese(address, demo) : mode === 'rehearsal' ? ['Next: npm run -s talon -- replay FILE'] : []),
    '',
    'Ctrl-C stops everything; the next npm start finds it again.',
  ];
  return lines.join('\n');
}

function tryThese(address, { hospitalId, sessionId, patientId }) {
  const token = (...args) => `-H "Authorization: Bearer $(npm run -s talon -- token ${args.join(' ')})"`;
  const body = JSON.stringify({ patientId, sessionId });
  return [
    'Try, in another terminal, in this folder:',
    '',
    '  # see free slots',
    `  curl -s '${address}/v1/availability?hospital=${hospitalId}&limit=5'`,
    '  # book one',
    `  curl -s -X POST ${address}/v1/bookings ${token('patient', '--patient', patientId)} -H 'Content-Type: application/json' -H 'Idempotency-Key: first-try-${sessionId.slice(0, 8)}' -d '${body}'`,
    '  # watch the events (waits up to 20 s for a booking when there is none)',
    `  curl -s '${address}/v1/events?types=talon.booking.confirmed.v1,talon.booking.cancelled.v1&wait=20' ${token('operator')}`,
  ];
}

function withoutLogin(url) {
  return url.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/, '');
}
