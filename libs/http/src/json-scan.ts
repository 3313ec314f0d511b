/** Objects and arrays inside each other; deeper bodies are refused. */
export const JSON_DEPTH_MAX = 32;

class Fault extends Error {}

/**
 * The slow way through a body that JSON.parse or the key count did not like: finds the first fault and says where, without quoting values.
 * @returns undefined when there is none
 */
export function firstJsonFault(text: string): string | undefined {
  try {
    new Scanner(text).document();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

class Scanner {
  private at = 0;

  constructor(private readonly text: string) {}

  document() {
    this.value(0);
    this.take(SPACE);
    if (this.at < this.text.length) this.fail('more than one value');
  }

  private value(depth: number): void {
    if (depth > JSON_DEPTH_MAX) throw new Fault(`The body is nested deeper than ${JSON_DEPTH_MAX} levels`);
    this.take(SPACE);
    const next = this.text[this.at];
    if (next === '{') this.object(depth);
    else if (next === '[') this.array(depth);
    else if (this.take(next === '"' ? STRING : SCALAR) === undefined) this.fail('a value was expected');
  }

  private object(depth: number) {
    const seen = new Set<string>();
    this.at++;
    if (this.skipped('}')) return;
    do {
      this.take(SPACE);
      const literal = this.take(STRING) ?? this.fail('a key in double quotes was expected');
      const key = JSON.parse(literal) as string;
      if (seen.has(key)) throw new Fault(`The key ${JSON.stringify(key.slice(0, 100))} occurs twice at position ${this.at - literal.length}`);
      seen.add(key);
      if (!this.skipped(':')) this.fail('":" was expected');
      this.value(depth + 1);
    } while (this.skipped(','));
    if (!this.skipped('}')) this.fail('"," or "}" was expected');
  }

  private array(depth: number) {
    this.at++;
    if (this.skipped(']')) return;
    do this.value(depth + 1);
    while (this.skipped(','));
    if (!this.skipped(']')) this.fail('"," or "]" was expected');
  }

  private skipped(mark: string): boolean {
    this.take(SPACE);
    if (this.text[this.at] !== mark) return false;
    this.at++;
    return true;
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.at += match[0].length;
    return match[0];
  }

  private fail(what: string): never {
    const before = this.text.slice(0, this.at);
    const line = before.split('\n').length;
    throw new Fault(`The body is not JSON: ${what} at line ${line}, column ${this.at - before.lastIndexOf('\n')}`);
  }
}
