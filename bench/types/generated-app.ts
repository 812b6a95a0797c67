/** An app of many tasks, and a program that calls each of them through a client: as text, for the type-checker. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');
const tasksPerFile = 50;

/** Every fourth takes its types from a schema. */
const definition = (n: number): string => {
  const fields = `id: string; amount: number; tags: string[]; at: Date; more?: { kind: 'a${n}' | 'b${n}'; count: bigint }`;
  return n % 4 === 0
    ? `export const task${n} = task({ input: z.object({ id: z.string(), amount: z.int(), tags: z.array(z.string()), kind: z.enum(['a${n}', 'b${n}']) }) },
  async (ctx, { id, tags }) => ({ n: ${n} as const, id, first: await ctx.run('first', () => tags[0]) }));`
    : `export const task${n} = task({ timeout: '5 min' }, async (_ctx, input: { ${fields} }) => ({ n: ${n} as const, id: input.id, at: input.at }));`;
};

const call = (n: number): string => {
  const part = `part${Math.floor(n / tasksPerFile)}`;
  const input =
    n % 4 === 0
      ? `{ id: 'x', amount: 1, tags: [], kind: 'a${n}' }`
      : `{ id: 'x', amount: 1, tags: ['t'], at: new Date(0), more: { kind: 'b${n}', count: 1n } }`;
  return `const r${n}: ${n} = (await client.tasks.${part}.task${n}.run(${input})).n;`;
};

export type GeneratedApp = {
  /** The file with the calls; its last line is `client.tasks.part0.`, cut off. */
  readonly program: string;
  readonly text: string;
};

/** Writes it into a folder, which must lie where `zod` is found and beside `src`. `tasks` is a multiple of 50. */
export const generateApp = (folder: string, tasks: number): GeneratedApp => {
  mkdirSync(folder, { recursive: true });
  const source = relative(folder, join(root, 'src'));
  const parts = Array.from({ length: tasks / tasksPerFile }, (_, part) => part);
  for (const part of parts) {
    const definitions = Array.from({ length: tasksPerFile }, (_, n) => definition(part * tasksPerFile + n));
    const head = `import { z } from 'zod';\nimport { task } from '${source}/index.ts';\n`;
    writeFileSync(join(folder, `part${part}.ts`), head + definitions.join('\n'));
  }
  writeFileSync(
    join(folder, 'app.ts'),
    parts.map((part) => `export * as part${part} from './part${part}.ts';`).join('\n'),
  );
  const text = [
    `import { connect } from '${source}/client/client.ts';`,
    "import type * as app from './app.ts';",
    "const client = connect<typeof app>('http://127.0.0.1:8484');",
    ...Array.from({ length: tasks }, (_, n) => call(n)),
    `export const all = [${Array.from({ length: tasks }, (_, n) => `r${n}`).join(', ')}];`,
    '',
  ].join('\n');
  const program = join(folder, 'program.ts');
  writeFileSync(program, text);
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { incremental: false },
      include: ['*.ts'],
    }),
  );
  return { program, text };
};
