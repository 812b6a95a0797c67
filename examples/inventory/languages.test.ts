import { expect, test } from 'vitest';
import { languageOf } from './languages.ts';

test.each([
  ['a.ts', '', 'TypeScript'],
  ['A.D.CTS', '', 'TypeScript'],
  ['Makefile', '', 'Makefile'],
  ['CMakeLists.txt', '', 'CMake'],
  ['Dockerfile.dev', '', 'Dockerfile'],
  ['LICENSE-MIT', '', 'Plain text'],
  ['.gitignore', '', 'Ignore list'],
  ['.ts', '', 'Other text'],
  ['tool', '#!/usr/bin/env node\n', 'JavaScript'],
  ['tool', '#! /usr/bin/env -S LANG=C python3.11 -u\n', 'Python'],
  ['tool', '#!/bin/sh', 'Shell'],
  ['tool.md', '#!/bin/sh', 'Markdown'],
  ['tool', 'no mark', 'Other text'],
  ['__proto__', '', 'Other text'],
  ['', '', 'Other text'],
])('A file named %j that begins with %j is %s.', (name, firstLine, expected) => {
  expect(languageOf(name, firstLine).name).toBe(expected);
});
