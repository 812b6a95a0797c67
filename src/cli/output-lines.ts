/** Cuts what a stream brings into lines. A line without an end is given in pieces, so that memory stays bounded. */

const lineCharsMax = 64 * 1024;

export class OutputLines {
  readonly #give: (line: string) => void;
  #begun = '';

  constructor(give: (line: string) => void) {
    this.#give = give;
  }

  take(text: string): void {
    const lines = (this.#begun + text).split('\n');
    this.#begun = lines.pop() as string;
    for (const line of lines) this.#give(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (this.#begun.length > lineCharsMax) this.end();
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#begun !== '') this.#give(this.#begun);
    this.#begun = '';
  }
}
