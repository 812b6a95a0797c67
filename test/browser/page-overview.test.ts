/** The overview of a real node: what it shows is what happens, as it happens. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startBrowser } from '../../tools/start-browser.ts';
import { openPage, openPageNode, type PageNode, Scratch, type WatchedPage } from './page-node.fixture.ts';

const scratch = new Scratch();
let browser: Browser;
let node: PageNode;
let watched: WatchedPage | undefined;

beforeAll(async () => {
  [browser, node] = await Promise.all([startBrowser(), openPageNode()]);
});
afterAll(async () => {
  scratch.openGate('open');
  await browser?.close();
  await node?.close();
  scratch.remove();
});
afterEach(async () => {
  const { elsewhere, complaints } = watched ?? { elsewhere: [], complaints: [] };
  await watched?.close();
  watched = undefined;
  expect(elsewhere).toEqual([]);
  expect(complaints).toEqual([]);
});

const open = async (hash: string): Promise<Page> => {
  watched = await openPage(browser, node, hash);
  return watched.page;
};
const figure = async (page: Page, name: string): Promise<string> =>
  (await page.locator('.figure', { hasText: name }).locator('.value').textContent()) ?? '';
/** The cells of a name's row. */
const row = (page: Page, name: string): Promise<readonly string[]> =>
  page.locator('.wide tbody tr', { hasText: name }).locator('td').allTextContents();

test('what runs, waits and failed is counted as it happens', async () => {
  const page = await open('');
  await page.locator('.figures').waitFor();
  const gate = scratch.path('open');
  const running = await Promise.all([1, 2, 3].map(() => node.start('talk', { gate, lines: 1 })));
  const ended = await Promise.all([node.start('echo', 1), node.start('echo', 2), node.start('refuse')]);
  await Promise.all(ended.map((id) => node.ended(id)));
  await expect.poll(() => figure(page, 'Running')).toBe('3');
  await expect.poll(() => figure(page, 'Failed')).toBe('1');
  await expect.poll(() => figure(page, 'Slots busy')).toMatch(/^3 \/ \d+$/);
  await expect.poll(() => row(page, 'echo')).toEqual(expect.arrayContaining(['2']));
  const unfinished = page.locator('section', { has: page.getByRole('heading', { name: 'Not finished' }) });
  await expect.poll(() => unfinished.locator('tbody tr').count()).toBe(3);
  scratch.openGate('open');
  await Promise.all(running.map((id) => node.ended(id)));
  await expect.poll(() => figure(page, 'Running')).toBe('0');
  await unfinished.getByText('Nothing runs and nothing waits.').waitFor();
  await page.getByRole('link', { name: 'refuse' }).click();
  await page.locator('.rows-body .rows-row', { hasText: 'no such account' }).waitFor();
});

test('the charts have a point for each ten seconds, and tell it to who points at it and to who reads', async () => {
  const page = await open('');
  const chart = page.getByRole('slider', { name: /^Throughput/ });
  await expect.poll(() => chart.getAttribute('aria-valuetext'), { timeout: 40_000 }).toMatch(/[\d.]+\/s/);
  await chart.focus();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => page.locator('.plot .cross').count()).toBe(4);
  await page.keyboard.press('Escape');
  await expect.poll(() => page.locator('.plot .cross').count()).toBe(0);
});
