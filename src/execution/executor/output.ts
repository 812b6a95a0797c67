/**
 * What user code prints: taken line by line, with whose it is, and never written to stdout, which belongs to data.
 */

import type { Env } from '../../platform/env.ts';
import { currentScope, inRootContext, type Scope } from './scope.ts';

const lineCharsMax = 64 * 1024;
const linesMax = 100;
/** A line that is begun and not ended is shown after so long. */
const unfinishedMs = 200;

export class Output {
  private readonly env: Env;
  private readonly send: (lines: readonly string[]) => void;
  private lines: string[] = [];
  /** Lines begun, by stream (one digit) and whose they are. */
  private readonly begun = new Map<string, string>();
  private flushing = false;
  private timing = false;

  constructor(env: Env, send: (lines: readonly string[]) => void) {
    this.env = env;
    this.send = send;
  }

  /** Takes what is written to this stream. `console` writes to it too. */
  capture(stream: NodeJS.WriteStream, number: 1 | 2): void {
    const write = (chunk: unknown, encoding?: unknown, callback?: unknown): boolean => {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString();
      this.written(text, number);
      const done = typeof encoding === 'function' ? encoding : callback;
      if (typeof done === 'function') process.nextTick(done);
      return true;
    };
    Object.defineProperty(stream, 'write', { value: write, writable: true, configurable: true });
  }

  /** Takes text, printed by the code that runs now; lines of different streams are not mixed. */
  written(text: string, stream: 1 | 2 = 2): void {
    if (currentScope()?.attempt.isRehearsal === true) return;
    const whose = prefixOf(currentScope());
    const begun = `${stream}${whose}`;
    const pieces = ((this.begun.get(begun) ?? '') + text).split('\n');
    const rest = pieces.pop() ?? '';
    for (const piece of pieces) this.line(whose, piece.endsWith('\r') ? piece.slice(0, -1) : piece);
    if (rest === '') this.begun.delete(begun);
    else if (rest.length > lineCharsMax) {
      this.begun.delete(begun);
      this.line(whose, rest);
    } else {
      this.begun.set(begun, rest);
      this.showUnfinishedSoon();
    }
  }

  private line(whose: string, text: string): void {
    this.lines.push(whose + text.slice(0, lineCharsMax));
    if (this.lines.length >= linesMax) this.sendLines();
    else if (!this.flushing) {
      this.flushing = true;
      setImmediate(inRootContext(() => this.sendLines()));
    }
  }

  private sendLines(): void {
    this.flushing = false;
    if (this.lines.length === 0) return;
    const { lines } = this;
    this.lines = [];
    this.send(lines);
  }

  /** Sends everything now, unfinished lines too: the thread may be about to end. */
  flush(): void {
    for (const [begun, text] of this.begun) this.lines.push(begun.slice(1) + text);
    this.begun.clear();
    this.sendLines();
  }

  private showUnfinishedSoon(): void {
    if (this.timing) return;
    this.timing = true;
    this.env.timers.after(
      unfinishedMs,
      inRootContext(() => {
        this.timing = false;
        this.flush();
      }),
    );
  }
}

const prefixOf = (scope: Scope | undefined): string =>
  scope === undefined ? '' : `${scope.attempt.name} ${scope.id} #${scope.number}: `;
