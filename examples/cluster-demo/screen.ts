/** What the demonstration shows: on a terminal the cluster as it changes, with what happened above it; elsewhere only what happened. */
import { overviewLines } from '../../src/cli/overview-text.ts';
import { isTerminal, styleFor } from '../../src/cli/style.ts';
import type { Overview } from '../../src/protocol/overview.ts';

const columnsDefault = 100;

export class Screen {
  readonly #stream = process.stderr;
  readonly #style = styleFor(process.stderr, process.env);
  readonly #isTerminal = isTerminal(process.stderr, process.env);
  /** Lines of the live part that stand on the terminal. */
  #shown = 0;

  /** A sentence that stays. */
  tell(sentence: string): void {
    this.#clear();
    this.#stream.write(`${sentence}\n`);
  }

  /** The live part: how far the run is, and how the cluster does. */
  show(progress: string, overview: Overview | undefined): void {
    if (!this.#isTerminal) return;
    const { columns = columnsDefault } = this.#stream;
    const lines = [
      '',
      this.#style.bold(progress),
      ...(overview === undefined ? [] : overviewLines(overview, this.#style, columns)),
      '',
    ];
    this.#clear();
    this.#stream.write(`${lines.join('\n')}\n`);
    this.#shown = lines.length;
  }

  /** Nothing live any more. */
  end(): void {
    this.#clear();
  }

  #clear(): void {
    if (this.#shown > 0) this.#stream.write(`\u001b[${this.#shown}A\u001b[0J`);
    this.#shown = 0;
  }
}
