import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type LuaArgument = string | number | Buffer;

/** A script with typed input and a typed, tagged reply. Run it through {@link RedisGate.run}. */
export interface LuaCommand<Req, Res> {
  readonly name: string;
  readonly source: string;
  /** SHA-1 of the source, as EVALSHA wants it. */
  readonly sha: string;
  /** Names without the generation; RedisGate puts it in front. */
  keys(request: Req): string[];
  args(request: Req): LuaArgument[];
  /** @throws when the tag is unknown: another version of the script is about */
  reply(tag: string, rest: unknown[], request: Req): Res;
}

/**
 * Reads `<dir>/<file>` once, at start. The `.ts` that calls this is the only code that knows the order of keys and arguments.
 * A script answers `{tag, …}`; `reply` turns that into a value and throws on a tag it does not know.
 */
export function luaCommand<Req, Res>(
  dir: string,
  file: string,
  spec: Pick<LuaCommand<Req, Res>, 'keys' | 'args' | 'reply'>,
): LuaCommand<Req, Res> {
  const source = readFileSync(join(dir, file), 'utf8');
  return { name: file.replace(/\.lua$/, ''), source, sha: createHash('sha1').update(source).digest('hex'), ...spec };
}

/** For the default branch of `reply`: deploy skew must be loud. */
export function unknownReply(tag: string): never {
  throw new Error(`script answered with an unknown tag ${tag}`);
}
