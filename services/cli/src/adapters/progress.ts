import { SingleBar } from 'cli-progress';

/** A bar with rate and time left on stderr, so that stdout stays clean for reports; plain lines where there is no terminal. */
export interface Progress {
  step(count?: number): void;
  stop(): void;
}

const PLAIN_EVERY_MS = 5_000;
const BAR_COLUMNS = 24;

export function startProgress(label: string, total: number): Progress {
  if (total === 0) return { step: () => undefined, stop: () => undefined };
  return process.stderr.isTTY ? bar(label, total) : lines(label, total);
}

function bar(label: string, total: number): Progress {
  const startedMs = Date.now();
  const single = new SingleBar({
    stream: process.stderr,
    format: `${label.padEnd(12)} {bar} {percentage}% | {value}/{total} | {rate}/s | {eta_formatted} left`,
    // The whole line fits a terminal of 80 columns; what is too long is cut off, not wrapped.
    barsize: BAR_COLUMNS,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    // Ctrl-C is the command's own business: it stops in order, and the bar with it.
    gracefulExit: false,
    etaBuffer: 1_000,
  });
  let done = 0;
  single.start(total, 0, { rate: 0 });
  // However the process ends, the terminal gets its cursor back.
  const stop = () => {
    process.off('exit', stop);
    single.stop();
  };
  process.once('exit', stop);
  return {
    step: (count = 1) => single.update((done += count), { rate: Math.round((done * 1000) / Math.max(1, Date.now() - startedMs)) }),
    stop,
  };
}

function lines(label: string, total: number): Progress {
  const startedMs = Date.now();
  let lastMs = startedMs;
  let done = 0;
  const print = () => {
    const rate = (done * 1000) / Math.max(1, Date.now() - startedMs);
    const leftS = rate > 0 ? Math.round((total - done) / rate) : 0;
    process.stderr.write(`${label}: ${done}/${total}, ${Math.round(rate)}/s, ${leftS} s left\n`);
  };
  return {
    step(count = 1) {
      done += count;
      if (Date.now() - lastMs < PLAIN_EVERY_MS) return;
      lastMs = Date.now();
      print();
    },
    stop: print,
  };
}
