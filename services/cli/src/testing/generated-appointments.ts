/** One row of a generated appointments file, before anything of ours has looked at it. */
export interface GeneratedRow {
  patient: string;
  id: string;
  /** Instant of the booking, as written in the file. */
  scheduled: string;
  /** Day of the visit, YYYY-MM-DD. */
  day: string;
  neighbourhood: string;
}

const DAYS = ['2016-05-02', '2016-05-03', '2016-05-04', '2016-05-05', '2016-05-06'];
/** Accents, an apostrophe and a comma must survive keys, headers and CSV. */
const NEIGHBOURHOODS = ['CENTRO', 'SÃO PEDRO', "OLHO D'ÁGUA", 'JARDIM, NORTE', 'MARIA ORTIZ'];
const PATIENTS = 130;
const PLAIN_ROWS = 385;

/** About 400 rows, the same every time: most are ordinary, the last ones are what real files contain. */
export function generatedAppointments(): { good: GeneratedRow[]; bad: GeneratedRow[]; csv: string } {
  const random = seeded(20160502);
  const pick = <T>(items: readonly T[]): T => items[random(items.length)]!;
  const plain = Array.from({ length: PLAIN_ROWS }, (_, index): GeneratedRow => {
    const visit = random(DAYS.length);
    const booked = Math.max(0, visit - random(3));
    const clock = [random(24), random(60), random(60)].map((part) => String(part).padStart(2, '0')).join(':');
    const patient = `${10_000_000 + random(PATIENTS)}${random(10) === 0 && index % 40 === 0 ? 'E-5' : ''}`;
    return { patient, id: String(900 + index), scheduled: `${DAYS[booked]}T${clock}Z`, day: DAYS[visit]!, neighbourhood: pick(NEIGHBOURHOODS) };
  });
  const row = (patient: string, id: string, scheduled: string, day: string, neighbourhood = 'CENTRO'): GeneratedRow => ({ patient, id, scheduled, day, neighbourhood });
  const special = [
    // Ids as numbers: 5999 comes before 50000 although the text does not. The first one wins.
    row('14172416655E-5', '50000', '2016-05-03T10:00:00Z', '2016-05-05', 'MARIA ORTIZ'),
    row('14172416655E-5', '5999', '2016-05-03T10:00:00Z', '2016-05-05', 'CENTRO'),
    // Somebody clicks five times for one day.
    ...[1, 2, 3, 4, 5].map((click) => row('77', `700${click}`, `2016-05-04T08:00:0${click}Z`, '2016-05-04', NEIGHBOURHOODS[click - 1])),
    // The last second of a day, for that very day, and the first of the next.
    row('88', '8001', '2016-05-04T23:59:59Z', '2016-05-04'),
    row('89', '8002', '2016-05-05T00:00:00Z', '2016-05-05'),
    // Two rows of one second, two people.
    row('90', '8003', '2016-05-05T07:07:07Z', '2016-05-06'),
    row('91', '8004', '2016-05-05T07:07:07Z', '2016-05-06'),
  ];
  const bad = [
    row('92', '9001', '2016-05-04T09:00:00Z', '2016-05-03'),
    row('93', '9002', '2016-05-06T00:00:00Z', '2016-05-05'),
    row('77', '7001', '2016-05-05T09:00:00Z', '2016-05-06'),
    row('', '9003', '2016-05-04T09:00:00Z', '2016-05-06'),
    row('94', '9004', '2016-05-04T25:00:00Z', '2016-05-06'),
  ];
  const good = [...plain, ...special];
  // The file is in no order, but the repeated id comes after the one it repeats.
  const lines = [...good.slice().reverse(), ...bad].map(
    ({ patient, id, scheduled, day, neighbourhood }) => `${patient},${id},F,${scheduled},${day}T00:00:00Z,33,"${neighbourhood}",0,0,0,0,0,0,No`,
  );
  const header = 'PatientId,AppointmentID,Gender,ScheduledDay,AppointmentDay,Age,Neighbourhood,Scholarship,Hipertension,Diabetes,Alcoholism,Handcap,SMS_received,No-show';
  return { good, bad, csv: `\uFEFF${[header, ...lines].join('\r\n')}\r\n` };
}

/** What must come of the rows, by a rule of one line: one booking per patient and day, in order of (instant, id). */
export function expectedOutcome(rows: GeneratedRow[]): { booked: number; refused: number; winners: string[] } {
  const winners = new Map<string, string>();
  const ordered = [...rows].sort((a, b) => Date.parse(a.scheduled) - Date.parse(b.scheduled) || Number(a.id) - Number(b.id));
  for (const { patient, day, id } of ordered) if (!winners.has(`${patient} ${day}`)) winners.set(`${patient} ${day}`, id);
  return { booked: winners.size, refused: rows.length - winners.size, winners: [...winners.values()].sort() };
}

/** A small linear congruential generator. @returns a function that gives 0 … below - 1 */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
