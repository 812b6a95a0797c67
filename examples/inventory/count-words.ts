/**
 * Counts words in text that arrives in pieces. A word is a run of letters (with their accents), in lower case, of
 * `wordLettersMin` to `wordLettersMax` code units; shorter and longer runs are not counted. Where the pieces are cut does not matter.
 *
 * Bounded: once a file has shown `distinctMax` different words, further new ones are left out and only their occurrences are
 * counted. Which ones depends on the file alone.
 */
import { compareText, type WordCount } from './inventory.ts';

export const wordLettersMin = 4;
export const wordLettersMax = 40;

const letterRun = /[\p{L}\p{M}]+/gu;

export class WordCounter {
  readonly #distinctMax: number;
  readonly #counts = new Map<string, number>();
  #carry = '';
  #leftOut = 0;

  constructor(distinctMax = 20_000) {
    this.#distinctMax = distinctMax;
  }

  /** `piece` begins and ends with whole characters. */
  push(piece: string): void {
    const text = this.#carry + piece;
    this.#carry = '';
    for (const { 0: run, index } of text.matchAll(letterRun)) {
      if (index + run.length === text.length) {
        this.#carry = shortened(run);
      } else {
        this.#take(run);
      }
    }
  }

  /** Call once, after the last piece. `leftOut`: occurrences of words beyond the bound. */
  finish(): { readonly words: readonly WordCount[]; readonly leftOut: number } {
    this.#take(this.#carry);
    const words = [...this.#counts].sort(([a], [b]) => compareText(a, b));
    return { words, leftOut: this.#leftOut };
  }

  #take(run: string): void {
    if (run.length < wordLettersMin || run.length > wordLettersMax) {
      return;
    }
    const word = run.toLowerCase();
    const count = this.#counts.get(word);
    if (count === undefined && this.#counts.size >= this.#distinctMax) {
      this.#leftOut += 1;
    } else {
      this.#counts.set(word, (count ?? 0) + 1);
    }
  }
}

/** Keeps an endless run endless (too long to count) without keeping all of it. */
function shortened(run: string): string {
  const start = run.slice(0, 2 * wordLettersMax);
  return start.isWellFormed() ? start : start.slice(0, -1);
}
