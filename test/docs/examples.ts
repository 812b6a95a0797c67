/**
 * The examples of a page: TypeScript blocks whose first line names a file (`// app.ts`). A `main.ts` ends an example; it is run
 * with the files that came before it. A comment `// → text` says what the line prints.
 */

export type Example = {
  /** Heading under which it stands, and how often one stood there before. */
  readonly title: string;
  readonly files: ReadonlyMap<string, string>;
  /** Lines on stdout. */
  readonly prints: readonly string[];
};

const block = /^## (?<heading>.*)$|^```ts\n\/\/ (?<name>[\w.-]+\.ts)\n(?<code>[\s\S]*?)^```$/gm;

export const examplesOf = (page: string): readonly Example[] => {
  const examples: Example[] = [];
  let title = 'begin';
  let files = new Map<string, string>();
  for (const { groups = {} } of page.matchAll(block)) {
    const { heading, name = '', code = '' } = groups;
    if (heading !== undefined) {
      title = heading;
      continue;
    }
    files.set(name, code);
    if (name !== 'main.ts') continue;
    const prints = Array.from(code.matchAll(/\/\/ → (.*)$/gm), ([, text]) => text as string);
    examples.push({ title, files, prints });
    files = new Map();
  }
  return examples;
};

/** How many blocks of TypeScript a page has: so that none is left out unseen. */
export const blockCount = (page: string): number => page.match(/^```ts$/gm)?.length ?? 0;

export const shellBlocksOf = (page: string): readonly string[] =>
  Array.from(page.matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, lines]) => lines as string);

/** The lines of the shell blocks, without what comments on them. */
export const commandsOf = (page: string): readonly string[] =>
  shellBlocksOf(page)
    .flatMap((lines) => lines.trimEnd().split('\n'))
    .map((line) => line.replace(/\s+#.*$/, ''));
