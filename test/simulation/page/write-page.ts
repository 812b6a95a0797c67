/** Writes the page of a run: one file that needs nothing else, neither a server nor the network. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Rolldown } from 'vite';
import type { PageRun } from './page-data.ts';

const folder = join(import.meta.dirname, 'browser');

export const writePage = async (file: string, run: PageRun): Promise<void> => {
  await writeFile(file, await pageOf(run));
};

export const pageOf = async (run: PageRun): Promise<string> => {
  const [page, style, script] = await Promise.all([
    readFile(join(folder, 'page.html'), 'utf8'),
    readFile(join(folder, 'page.css'), 'utf8'),
    bundle(join(folder, 'main.ts')),
  ]);
  // Whatever a text says, it ends neither of the scripts.
  const data = JSON.stringify(run).replaceAll('<', '\\u003c');
  return page
    .replace('/* style */', () => style)
    .replace('null', () => data)
    .replace('/* script */', () => script.replaceAll('</script', '<\\/script'));
};

/** The program of the page as one text. */
const bundle = async (entry: string): Promise<string> => {
  const built = (await build({
    configFile: false,
    envFile: false,
    logLevel: 'error',
    root: folder,
    build: {
      write: false,
      minify: true,
      modulePreload: false,
      rolldownOptions: { input: entry, output: { format: 'iife' } },
    },
  })) as Rolldown.RolldownOutput;
  const [chunk, ...more] = built.output;
  if (more.length > 0) throw new Error(`The page is made of one file, not of ${more.length + 1}.`);
  return chunk.code;
};
