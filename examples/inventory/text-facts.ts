/**
 * What the text of one file says, from its bytes as they are read: language, lines, words of Markdown, the package.
 * Bytes that are not UTF-8 become U+FFFD. Nothing is kept but counts, and the text of a `package.json` up to a bound.
 */
import { isUtf8 } from 'node:buffer';
import { LineCounter } from './count-lines.ts';
import { WordCounter } from './count-words.ts';
import type { Note, PackageFacts, ReadFacts } from './inventory.ts';
import { type Language, languageOf } from './languages.ts';
import { packageCharsMax, packageOf } from './package-facts.ts';

const firstLineBytes = 200;

export class TextFacts {
  readonly #path: string;
  readonly #name: string;
  #language: Language | undefined;
  #lines: LineCounter | undefined;
  #words: WordCounter | undefined;
  #packageText = '';
  #isUtf8 = true;

  constructor(path: string) {
    this.#path = path;
    this.#name = path.slice(path.lastIndexOf('/') + 1);
  }

  /** Takes the next bytes. The first 0 to 3 bytes of a character that ends later are left; returns how many were taken. */
  take(bytes: Buffer, isLast: boolean): number {
    this.#language ??= languageOf(this.#name, bytes.toString('latin1', 0, firstLineBytes));
    this.#lines ??= new LineCounter(this.#language.syntax);
    if (this.#language.name === 'Markdown') {
      this.#words ??= new WordCounter();
    }
    const taken = isLast ? bytes : bytes.subarray(0, wholeCharacters(bytes));
    const text = taken.toString('utf8');
    this.#isUtf8 &&= isUtf8(taken);
    this.#lines.push(text);
    this.#words?.push(text);
    if (this.#name === 'package.json' && this.#packageText.length <= packageCharsMax) {
      this.#packageText += text;
    }
    return taken.length;
  }

  /** Call once, after the last `take`. */
  finish(): Pick<ReadFacts, 'language' | 'lines' | 'words' | 'package' | 'notes'> {
    const path = this.#path;
    const notes: Note[] = [];
    if (!this.#isUtf8) {
      notes.push({ kind: 'invalid-utf8', path, detail: '' });
    }
    const { words, leftOut } = this.#words?.finish() ?? { words: [], leftOut: 0 };
    if (leftOut > 0) {
      notes.push({ kind: 'words-left-out', path, detail: `${leftOut} occurrences` });
    }
    return {
      language: this.#language?.name ?? '',
      lines: this.#lines?.finish() ?? { code: 0, comment: 0, blank: 0 },
      words,
      package: this.#package(notes),
      notes,
    };
  }

  #package(notes: Note[]): PackageFacts | null {
    if (this.#name !== 'package.json') {
      return null;
    }
    const found =
      this.#packageText.length > packageCharsMax ? { wrong: 'too large' } : packageOf(this.#packageText, this.#path);
    if (found !== null && 'wrong' in found) {
      notes.push({ kind: 'bad-package', path: this.#path, detail: found.wrong });
      return null;
    }
    return found;
  }
}

/** How many of the bytes come before a character that is cut off at the end. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needed > back ? bytes.length - back : bytes.length;
    }
    if (byte < 0x80) {
      break;
    }
  }
  return bytes.length;
}
