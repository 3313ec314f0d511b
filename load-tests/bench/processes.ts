import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** CPU seconds used so far by a process and everything it started; 0 where /proc does not exist. */
export function cpuSeconds(pid: number): number {
  const stats = new Map<number, { parent: number; ticks: number }>();
  let entries: string[] = [];
  try {
    entries = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return 0;
  }
  for (const entry of entries) {
    try {
      const text = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      stats.set(Number(entry), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
    } catch {
      // The process ended while it was being read.
    }
  }
  const family = (id: number): number => {
    const own = stats.get(id)?.ticks ?? 0;
    return [...stats].filter(([, stat]) => stat.parent === id).reduce((sum, [child]) => sum + family(child), own);
  };
  return family(pid) / TICKS_PER_SECOND;
}
