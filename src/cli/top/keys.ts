/** What a terminal sends when keys are pressed, as names. Pure. */

/** A character that was typed (one, as it is), or the name of a key. */
export type Key =
  | { readonly kind: 'char'; readonly char: string }
  | {
      readonly kind:
        | 'up'
        | 'down'
        | 'pageUp'
        | 'pageDown'
        | 'home'
        | 'end'
        | 'enter'
        | 'tab'
        | 'escape'
        | 'backspace'
        | 'interrupt'
        | 'redraw';
    };

const sequences: Readonly<Record<string, Exclude<Key['kind'], 'char'>>> = {
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
  '\u001b[5~': 'pageUp',
  '\u001b[6~': 'pageDown',
  '\u001b[H': 'home',
  '\u001bOH': 'home',
  '\u001b[1~': 'home',
  '\u001b[F': 'end',
  '\u001bOF': 'end',
  '\u001b[4~': 'end',
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\u0003': 'interrupt',
  '\u0002': 'pageUp',
  '\u0006': 'pageDown',
  '\u000c': 'redraw',
  '\u007f': 'backspace',
  '\b': 'backspace',
};

const escapeChar = '\u001b';
/** A control sequence: what ends it, and what may stand in it. */
const controlSequence = /^\u001b(?:\[[0-9;?]*[ -/]*[@-~]|O[A-Z])/;

/** What was pressed; sequences of keys that mean nothing here are left out. */
export const keysOf = (text: string): readonly Key[] => {
  const keys: Key[] = [];
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const sequence =
      rest[0] === escapeChar
        ? (controlSequence.exec(rest)?.[0] ?? escapeChar)
        : String.fromCodePoint(rest.codePointAt(0) ?? 0);
    at += sequence.length;
    const kind = sequence === escapeChar ? 'escape' : sequences[sequence];
    if (kind !== undefined) keys.push({ kind });
    else if (sequence[0] !== escapeChar && sequence >= ' ') keys.push({ kind: 'char', char: sequence });
  }
  return keys;
};
