import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { summaries } from './catalogue.ts';

const root = join(import.meta.dirname, '../..');
const files = globSync(['src/**/*.ts', 'test/**/*.ts'], { cwd: root }).filter(
  (file) => !file.startsWith('src/errors/'),
);

const quotedCode = /(new TuttiError\(\s*)?['"`]([A-Z]+(?:_[A-Z]+)*)['"`]/g;

/** Codes in quotes: in source files (`thrown`), and in tests and conformance suites that do not just make one (`tested`). */
const thrown = new Set<string>();
const tested = new Set<string>();
for (const file of files) {
  const isTest = file.startsWith('test') || file.endsWith('.test.ts') || file.endsWith('conformance.ts');
  for (const [, made, code] of readFileSync(join(root, file), 'utf8').matchAll(quotedCode)) {
    if (!isTest) thrown.add(code as string);
    else if (made === undefined) tested.add(code as string);
  }
}

describe('the catalogue of errors', () => {
  test.each(Object.keys(summaries))('has a place that throws %s, and a test that expects it', (code) => {
    expect({ thrown: thrown.has(code), tested: tested.has(code) }).toEqual({ thrown: true, tested: true });
  });
});
