/**
 * The terminal while `tutti top` has it: another screen, no cursor, keys as they are pressed. Given back however the process ends;
 * after a SIGKILL the shell's `reset` does it.
 */
import type { ReadStream, WriteStream } from 'node:tty';
import { type Key, keysOf } from './keys.ts';
import type { Size } from './screen.ts';

const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const leave = '\u001b[?7h\u001b[?25h\u001b[?1049l';

export class Terminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #onKey: (key: Key) => void;
  readonly #onSize: () => void;
  #shown: readonly string[] = [];
  #open = true;

  /** Takes the terminal. */
  constructor(input: ReadStream, output: WriteStream, onKey: (key: Key) => void, onSize: () => void) {
    this.#input = input;
    this.#output = output;
    this.#onKey = onKey;
    this.#onSize = onSize;
    process.on('exit', this.close);
    output.write(enter);
    input.setRawMode(true);
    input.setEncoding('utf8');
    input.on('data', this.#take);
    input.resume();
    output.on('resize', this.#resized);
  }

  get size(): Size {
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
  }

  /** Draws what differs from what stands there. */
  draw(lines: readonly string[]): void {
    if (!this.#open) return;
    const changed = lines.map((line, at) =>
      line === this.#shown[at] ? '' : `\u001b[${at + 1};1H${line}\u001b[0m\u001b[K`,
    );
    this.#shown = lines;
    const text = changed.join('');
    if (text !== '') this.#output.write(text);
  }

  /** What stands there may be anything: all is drawn again. */
  forget(): void {
    this.#shown = [];
    this.#output.write('\u001b[2J');
  }

  /** Gives it back. */
  readonly close = (): void => {
    if (!this.#open) return;
    this.#open = false;
    process.off('exit', this.close);
    this.#input.off('data', this.#take);
    this.#output.off('resize', this.#resized);
    this.#input.setRawMode(false);
    this.#input.pause();
    this.#output.write(leave);
  };

  readonly #take = (text: string): void => {
    for (const key of keysOf(text)) this.#onKey(key);
  };

  readonly #resized = (): void => {
    this.forget();
    this.#onSize();
  };
}
