import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogue, type ErrorCode } from './catalogue.ts';

const root = join(import.meta.dirname, '../..');
const pages = join(root, 'docs/errors');
const codes = Object.keys(catalogue) as ErrorCode[];

describe('the catalogue of errors', () => {
  test('has a page for each code, and no other pages', () => {
    const written = readdirSync(pages).map((file) => file.replace(/\.md$/, ''));
    expect(written.sort()).toEqual([...codes].sort());
  });

  test.each(codes)('has a page on %s that says what happened, why, what to do, and what the catalogue says', (code) => {
    const page = readFileSync(join(pages, `${code}.md`), 'utf8');
    const { outcome, retry } = catalogue[code];
    expect(page.split('\n').slice(0, 3)).toEqual([`# ${code}`, '', `\`outcome: ${outcome}\` · \`retry: ${retry}\``]);
    const sections = page.split(/^## (.*)$/m);
    expect(sections.filter((_, index) => index % 2 === 1)).toEqual(['Why', 'What to do']);
    for (const section of sections.filter((_, index) => index % 2 === 0))
      expect(section.trim().length).toBeGreaterThan(20);
  });

  test('offers a retry wherever nothing is known about the outcome, but where a retry came too late', () => {
    for (const code of codes) {
      if (code === 'REQUEST_EXPIRED') continue;
      const { outcome, retry } = catalogue[code];
      expect(retry === 'same-id', code).toBe(outcome === 'unknown');
    }
  });
});
