/** The client as a page has it: one file in a real browser, of an origin of its own that the gateway allows. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { open, type Serving, type Tutti } from '../../src/index.ts';
import { clientBundle } from '../../tools/client-bundle.ts';
import { startBrowser } from '../../tools/start-browser.ts';
import * as app from '../client/client-app.fixture.ts';

const module = new URL('../client/client-app.fixture.ts', import.meta.url).href;
let files: Server;
let origin = '';
let node: Tutti;
let served: Serving;
let browser: Browser;
let page: Page;
const errors: string[] = [];

beforeAll(async () => {
  const code = await clientBundle();
  const contents: Readonly<Record<string, string>> = {
    '/client.js': code,
    '/page.js': "import { connect } from './client.js'; globalThis.connect = connect;",
  };
  files = createServer(({ url = '' }, response) => {
    const script = contents[url];
    response.writeHead(200, {
      'content-type': script === undefined ? 'text/html' : 'text/javascript',
      // As strict as a page can be: neither scripts in the page nor texts that become code.
      'content-security-policy': "default-src 'none'; script-src 'self'; connect-src *",
    });
    response.end(script ?? '<!doctype html><title>A page</title><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
  node = await open({ app, module, engine: 'memory', executors: 1 });
  served = await node.serve({ port: 0, allowOrigins: [origin] });
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
  await node?.close();
  files?.close();
});

beforeEach(async () => {
  page = await browser.newPage();
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(origin);
  await page.waitForFunction(() => 'connect' in globalThis);
  return async () => {
    await page.close();
    errors.length = 0;
  };
});

// biome-ignore lint/suspicious/noExplicitAny: what the page holds has no type here.
declare const connect: any;

test('runs tasks and follows them, under a policy that forbids code made of texts', async () => {
  const seen = await page.evaluate(async (url) => {
    const client = connect(url);
    const value = { at: new Date(5), big: 7n, bytes: new Uint8Array([1, 2]), set: new Set(['a']) };
    const back = await client.tasks.echo.run(value);
    const task = await client.tasks.tells.start({ lines: 3, steps: 2 });
    const events: string[] = [];
    for await (const event of client.follow(task.id)) if (event.type !== 'state') events.push(event.type);
    const failure = await client.tasks.refuses.run().catch((error: Error) => error);
    await client.close();
    return {
      kinds: [back.at instanceof Date, typeof back.big, back.bytes instanceof Uint8Array, back.set.has('a')],
      events: events.filter((type) => type === 'log').length,
      last: events.at(-1),
      failure: { code: failure.code, cause: failure.cause.message },
    };
  }, served.url);
  expect(seen).toEqual({
    kinds: [true, 'bigint', true, true],
    events: 6,
    last: 'finished',
    failure: { code: 'TASK_FAILED', cause: 'no such account' },
  });
  expect(errors).toEqual([]);
});

test('a page of another origin gets nothing', async () => {
  const strict = await node.serve({ port: 0 });
  const outcome = await page.evaluate(async (url) => {
    const client = connect(url, { giveUpAfter: 300 });
    const error = await client.app().catch((reason: unknown) => reason);
    await client.close();
    return { code: error.code, outcome: error.outcome };
  }, strict.url);
  expect(outcome).toEqual({ code: 'UNREACHABLE', outcome: 'rejected' });
  await strict.close();
});

/** A client in the page whose node has gone, and the node that comes back in its place. */
const withNodeBack = async (goes: () => Promise<void>): Promise<void> => {
  const passing = await node.serve({ port: 0, allowOrigins: [origin] });
  await page.evaluate(async (url) => {
    const client = connect(url, { giveUpAfter: false });
    await client.app();
    const states: string[] = [];
    client.onConnection((state: string) => states.push(state));
    Object.assign(globalThis, { client, states });
  }, passing.url);
  await passing.close();
  await page.waitForFunction(() => (globalThis as unknown as { states: string[] }).states.length > 0);
  const again = await node.serve({ port: passing.port, allowOrigins: [origin] });
  await goes();
  expect(await page.evaluate(() => (globalThis as unknown as { states: string[] }).states)).toEqual([
    'pausing',
    'ready',
  ]);
  await again.close();
};

const ask = (): Promise<void> =>
  page.evaluate(() => (globalThis as unknown as { client: { app(): Promise<void> } }).client.app());

test('goes on when the node comes back', () => withNodeBack(ask));

test('goes on at once when the browser says that it is online', async () => {
  // Time stands still in the page: no pause between two dials ever ends by itself.
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000);
  await withNodeBack(async () => {
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await ask();
  });
});
