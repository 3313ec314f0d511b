import { stalePages } from './docs';

describe('docs/events.md and docs/errors.md', () => {
  it('say what the code says (otherwise: npm run docs)', async () => expect(await stalePages()).toEqual([]));
});
