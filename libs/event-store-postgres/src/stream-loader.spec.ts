import { READS_IN_FLIGHT_MAX, STREAMS_PER_READ_MAX, StreamLoader } from './stream-loader';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function setUp() {
  const fetched: string[][] = [];
  const release: (() => void)[] = [];
  const loader = new StreamLoader(async (streams: string[]) => {
    fetched.push(streams);
    await new Promise<void>((resolve) => release.push(resolve));
    return streams.filter((stream) => stream !== 'none').map((stream) => ({ stream }));
  });
  return { fetched, release, loader };
}

describe('reading whole streams', () => {
  it('what one turn asks for is one statement; a stream asked for twice is fetched once and given to both', async () => {
    const { fetched, release, loader } = setUp();
    const answers = Promise.all([loader.load('a'), loader.load('b'), loader.load('a'), loader.load('none')]);
    await turn();
    expect(fetched).toEqual([['a', 'b', 'none']]);
    release.shift()!();
    expect(await answers).toEqual([[{ stream: 'a' }], [{ stream: 'b' }], [{ stream: 'a' }], []]);
  });

  it('while statements are in flight, what is asked for waits and goes together', async () => {
    const { fetched, release, loader } = setUp();
    const answers: Promise<unknown>[] = [];
    for (const stream of ['a', 'b', 'c', 'd']) {
      answers.push(loader.load(stream));
      await turn();
    }
    expect(fetched).toHaveLength(READS_IN_FLIGHT_MAX);
    release.shift()!();
    await turn();
    await turn();
    expect(fetched).toEqual([['a'], ['b'], ['c', 'd']]);
    release.forEach((go) => go());
    await Promise.all(answers);
  });

  it('a statement is bounded', async () => {
    const { fetched, release, loader } = setUp();
    const answers = Array.from({ length: STREAMS_PER_READ_MAX + 1 }, (_, index) => loader.load(`s${index}`));
    await turn();
    await turn();
    expect(fetched.map((streams) => streams.length)).toEqual([STREAMS_PER_READ_MAX, 1]);
    release.forEach((go) => go());
    await Promise.all(answers);
  });

  it('a failed statement fails those who waited for it, not the next', async () => {
    let failing = true;
    const loader = new StreamLoader(async (streams: string[]) => {
      if (failing) throw new Error('gone');
      return streams.map((stream) => ({ stream }));
    });
    await expect(loader.load('a')).rejects.toThrow('gone');
    failing = false;
    await expect(loader.load('a')).resolves.toHaveLength(1);
  });
});
