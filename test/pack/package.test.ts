/**
 * The published package as a stranger gets it: packed, installed with `npm install --ignore-scripts` in a clean folder outside
 * of the repository, imported, type-checked, run. Everything here sees the installed copy only.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gzipBytes } from '../../tools/client-bundle.ts';
import { buildPackage } from '../../tools/pack.ts';

type Manifest = {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

const repository = join(import.meta.dirname, '../..');
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'tutti-pack-')));
const consumer = join(scratch, 'consumer');
const installed = join(consumer, 'node_modules/tutti');

const write = (name: string, text: string): string => {
  const path = join(consumer, name);
  writeFileSync(path, text);
  return path;
};

/** Runs a program of the consumer on the Node.js that runs the tests. Fails with what it printed. */
const run = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: consumer,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(status, `${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
};

const manifest = (): Manifest => JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith('node_modules/'));

beforeAll(async () => {
  const tarball = await buildPackage(join(scratch, 'package'));
  mkdirSync(consumer);
  write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  execFileSync('npm', ['install', ...options, tarball], { cwd: consumer, encoding: 'utf8', stdio: 'pipe' });
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('the package holds JavaScript, types, its texts and the page: no TypeScript source, no tests', () => {
  const files = filesIn(installed);
  const page = (path: string): boolean => path.startsWith('dashboard/dist/');
  const stray = files.filter(
    (path) =>
      !page(path) && !/\.(js|d\.ts)$/.test(path) && !/^(package\.json|README\.md|LICENSE|ARCHITECTURE\.md)$/.test(path),
  );
  expect(stray).toEqual([]);
  expect(files.filter((path) => /\.(test|fixture)\.|conformance\./.test(path))).toEqual([]);
  for (const text of ['README.md', 'LICENSE', 'ARCHITECTURE.md']) expect(files).toContain(text);
  expect(files).toContain('dashboard/dist/index.html');
  expect(files.filter((path) => page(path) && !/\.(html|js|css|svg)$/.test(path))).toEqual([]);
});

test('the package.json asks for nothing to be run at installation and for nothing that only development needs', () => {
  const fields = Object.keys(manifest());
  expect(fields).not.toContain('scripts');
  expect(fields).not.toContain('devDependencies');
  const own = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Manifest;
  expect(manifest().dependencies).toEqual(own.dependencies);
});

test('every export can be imported from JavaScript', () => {
  const names = Object.entries(manifest().exports)
    .filter(([, target]) => typeof target !== 'string')
    .map(([name]) => name.replace(/^\./, 'tutti'));
  expect(names).toEqual(expect.arrayContaining(['tutti', 'tutti/client', 'tutti/testing']));
  const lines = names.map((name) => `console.log(Object.keys(await import(${JSON.stringify(name)})).length > 0);`);
  expect(run(write('imports.js', lines.join('\n')))).toBe('true\n'.repeat(names.length));
});

test('every relative import of a module or of its types leads to a file of the package', () => {
  const lost: string[] = [];
  let count = 0;
  for (const path of filesIn(join(installed, 'src'))) {
    // Without doc comments, whose examples import the user's own files.
    const text = readFileSync(join(installed, 'src', path), 'utf8').replace(/\/\*\*[\s\S]*?\*\//g, '');
    for (const [, specifier] of text.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)) {
      const target = join(installed, 'src', path, '..', specifier!);
      const file = path.endsWith('.d.ts') ? target.replace(/\.(ts|js)$/, '.d.ts') : target;
      if (!existsSync(file)) lost.push(`${path}: ${specifier}`);
      count += 1;
    }
  }
  expect(count).toBeGreaterThan(0);
  expect(lost).toEqual([]);
});

test('the command starts and prints its help', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(consumer, 'node_modules/.bin/tutti'), '--help'],
    {
      cwd: consumer,
      encoding: 'utf8',
    },
  );
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('tutti');
});

/** A small app and a program that uses it, as a user would write them: valid TypeScript, and JavaScript without its one type. */
const app = (input: string): string => `
import { task } from 'tutti';
export const double = task(async (_ctx, value${input}) => value * 2);
export const doubles = task(async (ctx, values${input === '' ? '' : `${input}[]`}) => ctx.map(double, values));
`;
const program = (extension: string, type: string): string => `
import { open } from 'tutti';
import * as app from './app.${extension}';
const node = await open({ app, module: import.meta.resolve('./app.${extension}'), data: './data' });
const results${type} = await node.run(app.doubles, [1, 2, 3]);
await node.close();
console.log(JSON.stringify(results));
`;

test('a small app runs through open(), in JavaScript and in TypeScript, and its data folder opens again', () => {
  write('app.js', app(''));
  write('app.ts', app(': number'));
  expect(run(write('program.js', program('js', '')))).toBe('[2,4,6]\n');
  expect(run(write('program.ts', program('ts', ': number[]')))).toBe('[2,4,6]\n');
});

test('a program talks to a node through tutti/client, which loads no module of Node.js; a browser gets the page', () => {
  write('app.js', app(''));
  write(
    'node.js',
    `import { open } from 'tutti';
     const node = await open({ module: import.meta.resolve('./app.js'), engine: 'memory', executors: 1 });
     export const serving = await node.serve({ port: 0 });
     export const close = async () => { await serving.close(); await node.close(); };`,
  );
  const program = `
    import { isBuiltin, registerHooks } from 'node:module';
    const builtins = [];
    const hooks = registerHooks({ resolve(specifier, context, next) {
      if (isBuiltin(specifier)) builtins.push(specifier);
      return next(specifier, context);
    } });
    const { connect } = await import('tutti/client');
    hooks.deregister();
    const { serving, close } = await import('./node.js');
    const client = connect(serving.url);
    const result = await client.tasks.doubles.run([1, 2, 3]);
    await client.close();
    const document = await fetch(serving.url).then((response) => response.text());
    const [, script] = /src="\\.(\\/assets\\/[^"]+)"/.exec(document) ?? [];
    const { status } = await fetch(serving.url + script);
    await close();
    console.log(JSON.stringify({ builtins, result, status }));`;
  expect(run(write('client.js', program))).toBe('{"builtins":[],"result":[2,4,6],"status":200}\n');
});

test('the client is one file for a page too: it asks for no module, is as large as told, and runs tasks', () => {
  const code = readFileSync(join(installed, 'src/client/client.min.js'), 'utf8');
  expect(/\b(import|require)\s*[({'"`]|\bfrom\s*['"`]|['"`]node:/.exec(code)?.[0]).toBeUndefined();
  const told = /one file, (\d+) kB compressed/.exec(readFileSync(join(repository, 'docs/clients.md'), 'utf8'));
  expect(Math.round(gzipBytes(code) / 1_000)).toBe(Number(told?.[1]));
  write('app.js', app(''));
  const program = `
    import { open } from 'tutti';
    import * as modules from 'tutti/client';
    import * as file from 'tutti/client.min.js';
    const node = await open({ module: import.meta.resolve('./app.js'), engine: 'memory', executors: 1 });
    const { url } = await node.serve({ port: 0 });
    const client = file.connect(url);
    const result = await client.tasks.doubles.run([1, 2, 3]);
    await client.close();
    await node.close();
    const names = (module) => Object.keys(module).sort().join();
    console.log(JSON.stringify({ result, same: names(file) === names(modules) }));`;
  expect(run(write('one-file.js', program))).toBe('{"result":[2,4,6],"same":true}\n');
});

test('a Vitest suite of a user opens a node, runs the app, simulates it and crashes it at every step', () => {
  write('app.ts', app(': number'));
  const scenarios = `
    import type { World } from 'tutti/testing';
    import { doubles } from './app.ts';
    export const month = async ({ client, sleep }: World) => {
      await sleep('30 days');
      return client.run(doubles, [1, 2, 3]);
    };`;
  write('scenarios.ts', scenarios);
  const suite = `
    import { open } from 'tutti';
    import { crashAtEveryStep, simulate } from 'tutti/testing';
    import * as app from './app.ts';
    const module = import.meta.resolve('./app.ts');
    test('simulates', async () => {
      const month = { module: import.meta.resolve('./scenarios.ts'), name: 'month' };
      const { result, virtualMs } = await simulate({ app, module }, month, { seed: 2, faults: true });
      expect(result).toEqual([2, 4, 6]);
      expect(virtualMs).toBeGreaterThan(30 * 86_400_000);
    });
    test('crashes', async () => {
      expect(await crashAtEveryStep({ app, module }, app.doubles, [1, 2, 3])).toMatchObject({ crashes: 6 });
    });
    test('doubles', async () => {
      const node = await open({ app, module, data: './data-of-suite' });
      expect(await node.run(app.doubles, [1, 2, 3])).toEqual([2, 4, 6]);
      await node.close();
    });`;
  write('app.test.ts', suite);
  run(join(repository, 'node_modules/vitest/vitest.mjs'), 'run', '--globals', '--root', consumer);
});

const compile = (): { readonly status: number | null; readonly stdout: string } =>
  spawnSync(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', consumer], {
    encoding: 'utf8',
  });

test('the types of the package are whole and reach a user who compiles strictly', () => {
  write('app.ts', app(': number'));
  const options = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'esnext',
    module: 'nodenext',
    allowImportingTsExtensions: true,
    types: ['node'],
    typeRoots: [join(repository, 'node_modules/@types')],
  };
  write('tsconfig.json', JSON.stringify({ compilerOptions: options, include: ['app.ts', 'types.ts'] }));
  const scenario =
    "import { simulate, type Scenario } from 'tutti/testing'; export const s: Scenario<number> = ({ client }) => client.tasks;";
  const client = (from: string, as: string): string =>
    `import { connect as ${as} } from '${from}'; export const of_${as}: Promise<number> = ${as}<typeof app>('http://a').tasks.double.run(2);`;
  const clients = [client('tutti/client', 'modules'), client('tutti/client.min.js', 'file')];
  write('types.ts', [program('ts', ': number[]'), scenario, ...clients, 'void simulate;'].join('\n'));
  const right = compile();
  expect(right.status, right.stdout).toBe(0);
  write('types.ts', program('ts', ': string[]'));
  expect(compile().stdout).toContain('types.ts(5,7): error TS2322');
});
