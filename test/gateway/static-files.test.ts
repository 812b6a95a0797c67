/** The files of a page, as the gateway shows them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../src/gateway/backend.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { StaticFiles } from '../../src/gateway/static-files.ts';

const root = mkdtempSync(join(tmpdir(), 'tutti-page-'));
const page = '<!doctype html><title>Tutti</title>';
const script = 'console.log("x");\n'.repeat(200);
const reports: unknown[] = [];
// The page's files are shown without asking the node anything.
const nobody = new Proxy({} as Backend, {
  get: () => () => {
    throw new Error('The node was asked.');
  },
});
const gatewayOf = (folder: string): Gateway =>
  new Gateway(nobody, { files: new StaticFiles(folder), report: (error) => reports.push(error) });
const gateway = gatewayOf(join(root, 'dist'));
const ask = (path: string, headers: Record<string, string> = {}, of = gateway): Promise<Response> =>
  of.fetch(new Request(`http://localhost${path}`, { headers }));

beforeAll(() => {
  mkdirSync(join(root, 'dist/assets'), { recursive: true });
  writeFileSync(join(root, 'dist/index.html'), page);
  writeFileSync(join(root, 'dist/assets/main-abc.js'), script);
  writeFileSync(join(root, 'dist/notes.secret'), 'of no kind that a page has');
  writeFileSync(join(root, 'outside.txt'), 'beside the folder');
});
afterAll(() => {
  rmSync(root, { recursive: true });
  expect(reports).toEqual([]);
});

test('the page is at the root, and wherever a browser navigates to within it', async () => {
  for (const [path, accept] of [
    ['/', '*/*'],
    ['/index.html', '*/*'],
    ['/tasks/XYZ', 'text/html,application/xhtml+xml'],
  ] as const) {
    const response = await ask(path, { accept });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await response.text()).toBe(page);
  }
});

test('it may load its own files and nothing else, and stands in no frame', async () => {
  const policy = (await ask('/')).headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
});

test('what has its hash in its name is kept, the page is asked for again', async () => {
  const asset = await ask('/assets/main-abc.js');
  expect(asset.headers.get('cache-control')).toContain('immutable');
  const first = await ask('/');
  expect(first.headers.get('cache-control')).toBe('no-cache');
  const again = await ask('/', { 'if-none-match': first.headers.get('etag') ?? '' });
  expect([again.status, await again.text()]).toEqual([304, '']);
});

test('files are sent compressed to who takes that, where it makes them smaller', async () => {
  const asset = await ask('/assets/main-abc.js', { 'accept-encoding': 'gzip, br' });
  expect(asset.headers.get('content-encoding')).toBe('br');
  expect(brotliDecompressSync(await asset.arrayBuffer()).toString()).toBe(script);
  expect((await ask('/assets/main-abc.js', { 'accept-encoding': 'gzip' })).headers.has('content-encoding')).toBe(false);
});

test('nothing else is shown: no other kind, nothing beside the folder, no missing script as a page', async () => {
  for (const path of [
    '/notes.secret',
    '/outside.txt',
    '/../outside.txt',
    '/%2e%2e/outside.txt',
    '/..%2foutside.txt',
    '/assets/..%5c..%5coutside.txt',
    '/assets/missing.js',
    '/v1/missing',
  ])
    expect((await ask(path, { accept: 'text/html' })).status, path).toBe(404);
  expect((await ask('/__proto__')).status).toBe(404);
});

test('where no page was built there is none', async () => {
  const response = await ask('/', { accept: 'text/html' }, gatewayOf(join(root, 'none')));
  expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
});
