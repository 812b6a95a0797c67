import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { summaries } from './catalogue.ts';
import { meaningOf } from './meaning.ts';

const root = join(import.meta.dirname, '../..');
const pages = join(root, 'docs/errors');
const codes = Object.keys(summaries);

describe('the catalogue of errors', () => {
  test('has a page for each code, and no other pages', () => {
    const written = readdirSync(pages).map((file) => file.replace(/\.md$/, ''));
    expect(written.sort()).toEqual([...codes].sort());
  });

  test.each(codes)('has a page on %s that says what happened, why, what to do, and what it means', (code) => {
    const page = readFileSync(join(pages, `${code}.md`), 'utf8');
    const { outcome, retry } = meaningOf(code);
    expect(page.split('\n').slice(0, 3)).toEqual([`# ${code}`, '', `\`outcome: ${outcome}\` · \`retry: ${retry}\``]);
    const sections = page.split(/^## (.*)$/m);
    expect(sections.filter((_, index) => index % 2 === 1)).toEqual(['Why', 'What to do']);
    for (const section of sections.filter((_, index) => index % 2 === 0))
      expect(section.trim().length).toBeGreaterThan(20);
  });

  test('offers a retry wherever nothing is known about the outcome, but where a retry came too late', () => {
    for (const code of codes) {
      if (code === 'REQUEST_EXPIRED') continue;
      const { outcome, retry } = meaningOf(code);
      expect(retry === 'same-id', code).toBe(outcome === 'unknown');
    }
  });

  test('has a closed list of codes that do not mean rejected, never: see meaning.ts before you add one', () => {
    const told = codes.filter((code) => meaningOf(code).outcome !== 'rejected' || meaningOf(code).retry !== 'never');
    expect(told.sort()).toEqual([
      'BUS_NO_REPLY',
      'CLOSED',
      'CRASH_DIFFERS',
      'DISK_FULL',
      'ENGINE_FAILED',
      'INVARIANT',
      'LOG_FENCED',
      'NOT_READY',
      'NO_ANSWER',
      'OVERLOADED',
      'REQUEST_EXPIRED',
      'SIMULATION_FAILED',
      'STORE_FULL',
      'TASK_CANCELLED',
      'TASK_CRASHED',
      'TASK_FAILED',
      'TASK_NONDETERMINISTIC',
      'TASK_TIMEOUT',
      'UNREACHABLE',
    ]);
    for (const code of ['constructor', 'toString', 'FROM_LATER'])
      expect(meaningOf(code)).toEqual({ outcome: 'rejected', retry: 'never' });
  });
});
