/** The first app, as `tutti init` writes it. */

export type InitFile = { readonly name: string; readonly text: string };

export const initFiles = (appName: string, tuttiVersion: string): readonly InitFile[] => [
  {
    name: 'package.json',
    text: `${JSON.stringify(
      {
        name: appName,
        private: true,
        type: 'module',
        scripts: { start: `tutti run app.ts countWords '["to be or not to be","be quick"]'` },
        dependencies: { tutti: `^${tuttiVersion}` },
      },
      null,
      2,
    )}\n`,
  },
  { name: 'app.ts', text: appText },
  { name: 'README.md', text: readmeText(appName) },
];

const appText = `import { task } from 'tutti';

/** Counts the words of one text. */
export const wordsIn = task(async (_ctx, text: string) => {
  const counts: Record<string, number> = {};
  for (const word of text.toLowerCase().match(/[\\p{L}\\p{N}]+/gu) ?? []) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
});

/** Counts the words of many texts, in parallel on all cores. Killed at any moment, it goes on where it was. */
export const countWords = task(async (ctx, texts: string[]) => {
  const parts = await ctx.map(wordsIn, texts);

  // A step: its result is recorded, and it is not done again.
  return ctx.run('combine', () => {
    const totals: Record<string, number> = {};
    for (const part of parts)
      for (const [word, count] of Object.entries(part)) totals[word] = (totals[word] ?? 0) + count;
    return totals;
  });
});
`;

const readmeText = (appName: string): string => `# ${appName}

\`app.ts\` holds the tasks; \`tutti run\` runs one of them. Its result goes to stdout, everything else to stderr.

\`\`\`sh
npm install
npm start
npx tutti run app.ts countWords '["to be or not to be"]' --id first   # the same key again gives the stored result
npx tutti list                                                       # what has run here
\`\`\`

What runs is kept in \`.tutti\`. Stop a run with Ctrl-C, or kill it: with \`--id\`, the same command continues where it was.
`;
