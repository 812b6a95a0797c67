/** Finds the files that an app imports only later, while its tasks run: by the text of what is known, as nothing else tells. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** `import('./x.ts')`, and in files that are found by that also `from './x.ts'` and `import './x.ts'`. */
const lazy = /\bimport\s*\(\s*(['"])(\.{1,2}\/[^'"]+)\1/g;
const any = /\b(?:from|import)\s*\(?\s*(['"])(\.{1,2}\/[^'"]+)\1/g;
const filesMax = 10_000;

/** `files`, and those that they import lazily, with all that these import. Paths in packages are left out. */
export const withLazyImports = (files: readonly string[]): readonly string[] => {
  const all = new Set(files);
  const eager = all.size;
  let index = 0;
  for (const file of all) {
    const pattern = index++ < eager ? lazy : any;
    for (const [, , specifier] of textOf(file).matchAll(pattern)) {
      const found = resolve(dirname(file), specifier as string);
      if (!found.includes('/node_modules/') && all.size < filesMax) all.add(found);
    }
  }
  return [...all];
};

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};
