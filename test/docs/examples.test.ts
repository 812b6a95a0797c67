/** The code in README.md and docs/ is compiled and run, and prints what it says. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockCount, commandsOf, type Example, examplesOf } from './examples.ts';

const root = join(import.meta.dirname, '../..');
const pages = ['README.md', ...globSync('docs/*.md', { cwd: root }).sort()].map((name) => {
  const text = readFileSync(join(root, name), 'utf8');
  return { name, text, examples: examplesOf(text) };
});
const folder = mkdtempSync(join(tmpdir(), 'tutti-docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const all = pages.flatMap(({ name, examples }) =>
  examples.map((example, at) => ({
    ...example,
    where: join(folder, `${name.replaceAll(/\W/g, '-')}-${at}`),
    page: name,
  })),
);

/** A user's project, with this package and Node's types installed. */
const write = ({ where, files }: Example & { readonly where: string }): void => {
  mkdirSync(where, { recursive: true });
  for (const [name, code] of files) writeFileSync(join(where, name), code);
};

const tutti = join(root, 'bin/tutti.js');
const quiet = ['--disable-warning=ExperimentalWarning'];

const run = (
  where: string,
  more: NodeJS.ProcessEnv = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'cache'), NO_COLOR: '1', ...more };
    execFile(process.execPath, [...quiet, 'main.ts'], { cwd: where, env, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(new Error(`${error.message}\n${stdout}`));
    });
  });

/** The address that a command says it serves at. */
const addressIn = async (stderr: Readable): Promise<string> => {
  let said = '';
  for await (const chunk of stderr) {
    said += String(chunk);
    const [url] = /http:\/\/[\d.]+:\d+/.exec(said) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`It ended without an address: ${said}`);
};

describe('The examples of the docs', () => {
  beforeAll(() => {
    mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
    symlinkSync(root, join(folder, 'node_modules/tutti'));
    mkdirSync(join(folder, 'node_modules/@hono'));
    for (const name of ['@types/node', '@types/express', 'vitest', 'hono', '@hono/node-server', 'express', 'fastify'])
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    for (const example of all) write(example);
  });

  test('are all found: each block of TypeScript belongs to one', () => {
    const readme = examplesOf(pages[0]?.text ?? '');
    expect(readme.map(({ files }) => [...files.keys()])).toEqual([['app.ts', 'main.ts']]);
    for (const { name, text, examples } of pages) {
      const count = examples.reduce((sum, { files }) => sum + files.size, 0);
      expect({ name, count }).toEqual({ name, count: blockCount(text) });
    }
  });

  test('compile under strict options', () => {
    const options = ['--noEmit', '--strict', '--target', 'esnext', '--module', 'nodenext', '--types', 'node'];
    const syntax = ['--allowImportingTsExtensions', '--erasableSyntaxOnly', '--verbatimModuleSyntax', '--skipLibCheck'];
    const files = all.flatMap(({ where, files }) => [...files.keys()].map((name) => join(where, name)));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const compile = (): string =>
      execFileSync(process.execPath, [tsc, ...options, ...syntax, ...files], { cwd: folder, encoding: 'utf8' });
    expect(compile()).toBe('');
  });

  test.each(all.filter(({ page }) => page !== 'README.md'))(
    '$page, "$title": print what they say',
    async ({ where, prints }) => {
      const { stdout } = await run(where);
      expect(stdout.trimEnd().split('\n')).toEqual(prints);
    },
  );

  describe('in README.md, with a day made shorter', () => {
    const readme = all.find(({ page }) => page === 'README.md') as (typeof all)[number];
    beforeAll(() => {
      const code = readme.files.get('app.ts') ?? '';
      expect(code).toContain("'1 day'");
      writeFileSync(join(readme.where, 'app.ts'), code.replace("'1 day'", "'10 ms'"));
    });

    test('charge each order, asked of the node that a command of it serves', async () => {
      const served = spawn(process.execPath, [...quiet, tutti, 'dev', 'app.ts', '--port', '0'], {
        cwd: readme.where,
        env: { ...process.env, NO_COLOR: '1' },
        stdio: ['ignore', 'inherit', 'pipe'],
      });
      try {
        const url = await addressIn(served.stderr);
        const { stdout } = await run(readme.where, { TUTTI_URL: url });
        expect(stdout).toMatch(/^\[ '[^\n]+: 500' \]\n$/);
      } finally {
        const ended = once(served, 'exit');
        served.kill('SIGTERM');
        await ended;
      }
    });

    test('are run by its commands, which exist', () => {
      const commands = commandsOf(pages[0]?.text ?? '');
      const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
      const npm = commands.flatMap((command) =>
        Array.from(command.matchAll(/npm (?:run )?([\w:]+)/g), ([, name]) => name),
      );
      expect(npm.filter((name) => name !== 'ci').every((name) => Object.hasOwn(scripts, name as string))).toBe(true);

      const printed = commands
        .filter((command) => command.startsWith('npx tutti ') && !command.startsWith('npx tutti dev'))
        .map((command) => {
          const line = command.replace('npx tutti', `"$NODE" ${quiet.join(' ')} "$TUTTI"`);
          const env = { ...process.env, NODE: process.execPath, TUTTI: tutti, NO_COLOR: '1' };
          return execFileSync('sh', ['-c', line], { cwd: readme.where, env, encoding: 'utf8' });
        });
      expect(printed).toHaveLength(3);
      expect(printed[1]).toMatch(/^"[^"]+: 500"\n$/);
      expect(printed[2]).toMatch(/charge /);
    });
  });
});
