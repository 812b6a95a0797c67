/**
 * The shell blocks of the docs, and the script of a page, are run as they stand, on an app as they have it; what cannot be run here is
 * named with the reason.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientBundle } from '../../tools/client-bundle.ts';
import { examplesOf, shellBlocksOf } from './examples.ts';

const root = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const pages = ['README.md', ...globSync('docs/*.md', { cwd: root }).sort()];
const blocks = new Map<string, string>(
  pages.flatMap((page) => shellBlocksOf(read(page)).map((block, at) => [`${page} ${at}`, block] as const)),
);

const runElsewhere: Readonly<Record<string, string>> = {
  'README.md 0': 'installs, and runs the main job and all tests: CI does that',
  'README.md 1': 'examples.test.ts runs it',
  'docs/cluster.md 0': 'other machines: cluster.test.ts runs it with addresses of this one',
  'docs/cluster.md 1': 'test/cluster/up-from.test.ts runs it',
  'docs/cluster.md 2': 'other machines: cluster.test.ts runs it with addresses of this one',
  'docs/cluster.md 3': 'cluster.test.ts runs it',
  'docs/cluster.md 4': 'other machines: test/cluster/replaced-machine.test.ts runs it',
  'docs/from-embedded.md 0': 'needs NATS servers: test/cluster/up-from.test.ts runs it',
  'docs/watching-a-cluster.md 0': 'goes on until it is ended: test/cli/node-status.test.ts runs its commands',
};
const ran = new Set<string>();

/** The block, with the addresses and folders of this test in place of those that are written there. */
const block = (name: string, replaced: Readonly<Record<string, string>> = {}): string => {
  ran.add(name);
  return Object.entries(replaced).reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replaceAll(from, to);
  }, blocks.get(name) ?? '');
};

const folder = mkdtempSync(join(tmpdir(), 'tutti-shell-'));
const bin = join(folder, 'bin');
const env = {
  PATH: `${bin}:${process.env['PATH']}`,
  HOME: join(folder, 'home'),
  NODE_COMPILE_CACHE: join(folder, 'cache'),
  NO_COLOR: '1',
};
const shells = ['bash', ...(existsSync('/usr/bin/zsh') ? ['zsh'] : [])];

const shell = (script: string, where: string, program = 'bash'): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(program, ['-ec', script], { cwd: where, env, timeout: 110_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
    });
  });

/** Runs a block that serves until it is ended, and gives its address to `use`. */
const whileServed = async (script: string, where: string, use: (url: string) => Promise<void>): Promise<void> => {
  const served = spawn('bash', ['-ec', script], {
    cwd: where,
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    let said = '';
    let url: string | undefined;
    for await (const chunk of served.stderr) {
      said += String(chunk);
      url = /https?:\/\/[\d.]+:\d+/.exec(said)?.[0];
      if (url !== undefined) break;
    }
    if (url === undefined) throw new Error(`It ended without an address: ${said}`);
    await use(url);
  } finally {
    const ended = once(served, 'exit');
    process.kill(-(served.pid as number), 'SIGTERM');
    await ended;
  }
};

/** A project with this package installed and the app of a page. */
const project = (name: string, app: string): string => {
  const where = join(folder, name);
  mkdirSync(where);
  writeFileSync(join(where, 'app.ts'), app);
  return where;
};
const appOf = (page: string, at: number): string => examplesOf(read(page))[at]?.files.get('app.ts') ?? '';
const reportApp = appOf('docs/start.md', 0);

beforeAll(() => {
  mkdirSync(bin);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/tutti'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const tutti = `exec "${process.execPath}" --disable-warning=ExperimentalWarning "${join(root, 'bin/tutti.js')}" "$@"`;
  for (const [name, script] of [
    ['tutti', tutti],
    ['npx', '[ "$1" = tutti ] && shift && exec tutti "$@"'],
    ['make-orders', 'echo "[1,2]"'],
  ] as const) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('docs/start.md: serves the app, and is asked from a shell and with curl', async () => {
  const where = project('start', reportApp);
  await whileServed(block('docs/start.md 0').replace(/\n$/, ' --port 0\n'), where, async (url) => {
    for (const program of shells) {
      const printed = await shell(block('docs/start.md 1', { 'http://127.0.0.1:8484': url }), where, program);
      expect(printed).toMatch(/^[0-9A-Z]{26}\n"2026-11: 50"\n?$/);
    }
  });
});

test('docs/http.md: starts a task with curl, once under its key', async () => {
  const where = project('http', appOf('README.md', 0).replace("'1 day'", "'10 ms'"));
  await whileServed('tutti serve app.ts --port 0', where, async (url) => {
    const script = block('docs/http.md 0', { 'localhost:8484': url.replace('http://', '') });
    const printed = [];
    for (const program of shells) printed.push(await shell(script, where, program));
    expect(printed[0]).toMatch(/^"[^"]+: 500"\n?$/);
    expect(new Set(printed).size).toBe(1);
  });
});

test('docs/serving.md: serves over TLS to who has the token', async () => {
  const where = project('serving', reportApp);
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', 'key.pem', '-out', 'cert.pem'];
  execFileSync('openssl', [...request, ...names, ...files], { cwd: where, stdio: 'pipe' });
  const ours = { '0.0.0.0': '127.0.0.1 --port 0', '/srv/shop': join(where, 'data') };
  const script = `${block('docs/serving.md 0', ours).replace(/^(export .*)$/m, '$1; echo "$TUTTI_TOKEN" > token')}`;
  await whileServed(script, where, async (url) => {
    const token = readFileSync(join(where, 'token'), 'utf8').trim();
    const ask = (header: string): Promise<string> =>
      shell(`curl -s --cacert cert.pem -o /dev/null -w '%{http_code}' '${url}/v1/app' -H '${header}'`, where);
    expect([await ask('x: y'), await ask(`authorization: Bearer ${token}`)]).toEqual(['401', '200']);
  });
});

test('docs/cli.md: runs tasks of an app in a folder', async () => {
  const orders =
    'export { length as import };\nconst length = task(async (_ctx, orders: number[]) => orders.length);\n';
  const where = project('run', `${reportApp}\n${orders}`);
  writeFileSync(join(where, 'orders.json'), '[1,2,3]');
  const printed = await shell(block('docs/cli.md 0'), where);
  expect(printed.split('\n')).toEqual(['"2026-11: 50"', '"2026-11: 50"', '3', '2', '']);
});

test('docs/cli.md: asks a node for its tasks', async () => {
  const where = project('node', reportApp);
  await whileServed('tutti dev app.ts --port 0', where, async (url) => {
    for (const program of shells) {
      const printed = await shell(block('docs/cli.md 1', { 'http://127.0.0.1:8484': url }), where, program);
      expect(printed.trimEnd().split('\n')).toEqual(['"2026-11: 50"', '"2026-11: 50"']);
    }
  });
});

test('docs/cli.md: completes its commands', async () => {
  mkdirSync(join(env.HOME, '.config/fish/completions'), { recursive: true });
  const printed = await shell(`${block('docs/cli.md 2')}\ncomplete -p tutti`, folder);
  expect(printed).toMatch(/^complete .* tutti\n$/);
  expect(readFileSync(join(env.HOME, '.config/fish/completions/tutti.fish'), 'utf8')).toContain('complete -c tutti');
});

test('docs/clients.md: the script of a page without a bundler runs a task', async () => {
  const where = project('page', appOf('docs/clients.md', 0));
  const [, script = ''] = /<script type="module">\n([\s\S]*?)<\/script>/.exec(read('docs/clients.md')) ?? [];
  writeFileSync(join(where, 'client.min.js'), await clientBundle());
  await whileServed('tutti serve app.ts --port 0', where, async (url) => {
    expect(script).toContain('http://127.0.0.1:8484');
    const ended = `${script.replace('http://127.0.0.1:8484', url)}\nawait client.close();`;
    writeFileSync(join(where, 'page.js'), ended);
    expect(await shell(`"${process.execPath}" page.js`, where)).toBe('Hello, Ada\n');
  });
});

test('an address with a question mark is quoted: zsh takes it for a pattern', () => {
  for (const [name, text] of blocks) {
    const unquoted = text.replaceAll(/'[^']*'|"[^"]*"/g, '').match(/\S*[:/]\S*\?\S*/g);
    expect({ name, unquoted }).toEqual({ name, unquoted: null });
  }
});

test('every block is run here, or it is said where and why not', () => {
  expect([...ran, ...Object.keys(runElsewhere)].sort()).toEqual([...blocks.keys()].sort());
});
