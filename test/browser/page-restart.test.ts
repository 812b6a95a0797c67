/** The page when its node goes away and comes back, and when the node wants a token. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startBrowser } from '../../tools/start-browser.ts';
import { openPage, openPageNode, type PageNode, Scratch, type WatchedPage } from './page-node.fixture.ts';

const token = 'a-token-that-only-this-test-knows';
const scratch = new Scratch();
const data = scratch.path('data');
let browser: Browser;
let node: PageNode | undefined;
let watched: WatchedPage | undefined;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  scratch.remove();
});
afterEach(async () => {
  const elsewhere = watched?.elsewhere;
  await watched?.close();
  await node?.close();
  watched = undefined;
  node = undefined;
  expect(elsewhere).toEqual([]);
});

test('an open page goes on when its node was restarted: what ran goes on, no line of the log is lost or shown twice', async () => {
  node = await openPageNode({ data });
  const { port } = node;
  const id = await node.start('talk', { gate: scratch.path('talk'), lines: 20 });
  watched = await openPage(browser, node, `#/task/${id}`);
  const { page } = watched;
  const link = page.locator('.link-state');
  await link.getByText('Live').waitFor();
  await page.locator('.log-line', { hasText: 'before the gate' }).waitFor();
  await node.close();
  node = undefined;
  await link.getByText('Reconnecting').waitFor();
  await page.getByText('The node does not answer').waitFor();
  node = await openPageNode({ data, port });
  await link.getByText('Live').waitFor();
  await page.getByText('The node does not answer').waitFor({ state: 'detached' });
  scratch.openGate('talk');
  await page.locator('.facts .state').getByText('completed').waitFor();
  const lines = await page.locator('.log-line .log-text').allTextContents();
  expect(lines.map((line) => line.split(' line=')[0])).toEqual([
    'before the gate',
    ...Array.from({ length: 20 }, (_, index) => `line ${index + 1}`),
  ]);
  // Of a node that is not there the browser says so; the page itself has no mistake.
  expect(watched.complaints.filter((text) => !text.includes('WebSocket connection to'))).toEqual([]);
});

test('a node that wants a token is given one, keeps it from scripts, and forgets it when asked to', async () => {
  node = await openPageNode({ token });
  await node.start('echo', 1);
  watched = await openPage(browser, node, '#/tasks');
  const { page } = watched;
  const field = page.getByLabel('Token', { exact: true });
  await field.fill('not-the-token-but-long-enough');
  await page.getByRole('button', { name: 'Connect' }).click();
  await page.getByText('The node does not take this token.').waitFor();
  await field.fill(token);
  await page.getByRole('button', { name: 'Connect' }).click();
  await page.locator('.rows-body .rows-row', { hasText: 'echo' }).waitFor();
  await page.reload();
  await page.locator('.rows-body .rows-row', { hasText: 'echo' }).waitFor();
  // No script can read it.
  expect(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length])).toEqual(['', 0, 0]);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await field.waitFor();
  await page.reload();
  await field.waitFor();
  // The browser says so when a request is refused; the page itself has no mistake.
  expect(watched.complaints.filter((text) => !text.includes('status of 401'))).toEqual([]);
});
