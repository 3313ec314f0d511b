import { startProgress } from './progress';

describe('progress', () => {
  const { stderr } = process;
  const { isTTY } = stderr;
  let written: string[];

  beforeEach(() => {
    written = [];
    jest.useFakeTimers();
    jest.spyOn(stderr, 'write').mockImplementation((text) => Boolean(written.push(String(text))));
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
    Object.assign(stderr, { isTTY });
  });

  it('prints a line every five seconds where there is no terminal, and one at the end', () => {
    Object.assign(stderr, { isTTY: false });
    const progress = startProgress('Bookings', 100);
    for (let second = 1; second <= 10; second++) {
      jest.advanceTimersByTime(1_000);
      progress.step(4);
    }
    expect(written).toEqual(['Bookings: 20/100, 4/s, 20 s left\n', 'Bookings: 40/100, 4/s, 15 s left\n']);
    progress.stop();
    expect(written.slice(2)).toEqual(['Bookings: 40/100, 4/s, 15 s left\n']);
  });

  it('says nothing about no work at all', () => {
    const progress = startProgress('Bookings', 0);
    progress.stop();
    expect(written).toEqual([]);
  });

  it('draws a bar that fits 80 columns, and gives the cursor back', () => {
    Object.assign(stderr, { isTTY: true });
    const progress = startProgress('Bookings', 45_870);
    jest.advanceTimersByTime(10_000);
    progress.step(45_870);
    progress.stop();
    const screen = written.join('');
    const last = screen.split('\u001b[1G').findLast((line) => line.includes('45870/45870')) ?? '';
    const line = last.split('\u001b')[0]!;
    expect(line).toMatch(/^Bookings +█{24} 100% \| 45870\/45870 \| 4587\/s \| .*left$/);
    expect(line.length).toBeLessThanOrEqual(80);
    expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'));
  });
});
