/**
 * Counts lines of code, comment and blank in text that arrives in pieces.
 *
 * L1 A line with anything besides comments and white space is code; else with any part of a comment, comment; else blank.
 *    So an empty line inside a comment is blank, and a string (a docstring too) is code.
 * L2 The three counts add up to the number of lines. A line ends with `\n`; the last one need not.
 * L3 Where the pieces are cut does not matter.
 * L4 Memory is bounded by the longest token (a few characters) plus the piece at hand, also for one endless line.
 *
 * A scanner for comments and strings, not a parser: a regular expression that holds a quote or `/*` can mislead it.
 */
import type { LineCounts } from './inventory.ts';
import type { Syntax } from './languages.ts';

/** Where in the text the counter stands; `pattern` finds the tokens that matter there. */
type Mode =
  | { readonly kind: 'code' | 'line-comment'; readonly pattern: RegExp }
  | {
      readonly kind: 'block-comment' | 'string';
      readonly pattern: RegExp;
      readonly close: string;
      readonly open: string;
    };

type Scanner = {
  readonly code: Mode;
  /** What each opening token leads to. */
  readonly opens: ReadonlyMap<string, Mode>;
  readonly tokenCharsMax: number;
};

const scanners = new WeakMap<Syntax, Scanner>();

export class LineCounter {
  readonly #syntax: Syntax;
  readonly #scanner: Scanner;
  #mode: Mode;
  #depth = 0;
  #carry = '';
  #lineBegun = false;
  #lineHasCode = false;
  #lineHasComment = false;
  #code = 0;
  #comment = 0;
  #blank = 0;

  constructor(syntax: Syntax) {
    this.#syntax = syntax;
    this.#scanner = scannerOf(syntax);
    this.#mode = this.#scanner.code;
  }

  push(piece: string): void {
    const text = this.#carry + piece;
    // A token that begins before this point lies whole in the text.
    const end = this.#scan(text, text.length - (this.#scanner.tokenCharsMax - 1));
    this.#carry = text.slice(end);
  }

  /** Call once, after the last piece. */
  finish(): LineCounts {
    this.#scan(this.#carry, this.#carry.length);
    if (this.#lineBegun) {
      this.#endLine();
    }
    return { code: this.#code, comment: this.#comment, blank: this.#blank };
  }

  /** Takes in `text` up to `limit`, or to the end of the token that lies across it. Returns how far it came. */
  #scan(text: string, limit: number): number {
    let at = 0;
    while (at < limit) {
      this.#mode.pattern.lastIndex = at;
      const token = this.#mode.pattern.exec(text);
      const stop = token === null ? limit : Math.min(token.index, limit);
      this.#takeContent(text, at, stop);
      at = stop;
      if (token !== null && token.index < limit) {
        this.#takeToken(token[0]);
        at += token[0].length;
      }
    }
    return at;
  }

  #takeContent(text: string, from: number, to: number): void {
    if (from === to) {
      return;
    }
    this.#lineBegun = true;
    const isComment = this.#mode.kind === 'line-comment' || this.#mode.kind === 'block-comment';
    const isKnown = isComment ? this.#lineHasComment : this.#lineHasCode;
    if (!isKnown && text.slice(from, to).trim() !== '') {
      this.#mark(isComment);
    }
  }

  #takeToken(token: string): void {
    if (token === '\n') {
      this.#endLine();
      return;
    }
    this.#lineBegun = true;
    const mode = this.#mode;
    if (!('close' in mode)) {
      this.#mode = this.#scanner.opens.get(token)!;
      this.#depth = 1;
    } else if (token === mode.close) {
      this.#depth -= 1;
    } else if (token === mode.open) {
      this.#depth += 1;
    }
    const inside = mode.kind === 'code' ? this.#mode : mode;
    this.#mark(inside.kind !== 'string');
    if (this.#depth === 0) {
      this.#mode = this.#scanner.code;
    }
  }

  #mark(isComment: boolean): void {
    if (isComment) {
      this.#lineHasComment = true;
    } else {
      this.#lineHasCode = true;
    }
  }

  #endLine(): void {
    if (this.#lineHasCode) {
      this.#code += 1;
    } else if (this.#lineHasComment) {
      this.#comment += 1;
    } else {
      this.#blank += 1;
    }
    this.#lineBegun = false;
    this.#lineHasCode = false;
    this.#lineHasComment = false;
    if (this.#mode.kind === 'line-comment' || (this.#mode.kind === 'string' && !this.#isMultiline(this.#mode.open))) {
      this.#mode = this.#scanner.code;
    }
  }

  #isMultiline(open: string): boolean {
    return this.#syntax.strings.some((form) => form.open === open && form.multiline);
  }
}

function scannerOf(syntax: Syntax): Scanner {
  const known = scanners.get(syntax);
  if (known !== undefined) {
    return known;
  }
  const opens = new Map<string, Mode>();
  for (const open of syntax.line) {
    opens.set(open, { kind: 'line-comment', pattern: /\n/g });
  }
  for (const [open, close] of syntax.block) {
    opens.set(open, {
      kind: 'block-comment',
      pattern: patternOf(syntax.nested ? [close, open] : [close]),
      open,
      close,
    });
  }
  for (const { open, close, escapes } of syntax.strings) {
    opens.set(open, { kind: 'string', pattern: patternOf([close], escapes), open, close });
  }
  const closes = [...syntax.block.map(([, close]) => close), ...syntax.strings.map(({ close }) => close)];
  const scanner: Scanner = {
    code: { kind: 'code', pattern: patternOf([...opens.keys()]) },
    opens,
    tokenCharsMax: Math.max(2, ...[...opens.keys(), ...closes].map((token) => token.length)),
  };
  scanners.set(syntax, scanner);
  return scanner;
}

/** A line end, any of the tokens (of two that begin alike the longer one), or with `escapes` a backslash and what follows. */
function patternOf(tokens: readonly string[], escapes = false): RegExp {
  const alternatives = [...tokens]
    .sort((a, b) => b.length - a.length)
    .map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`${['\\n', ...alternatives].join('|')}${escapes ? '|\\\\[^\\n]' : ''}`, 'g');
}
