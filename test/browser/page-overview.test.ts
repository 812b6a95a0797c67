/** The overview of a real node: what it shows is what happens, as it happens. */
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { pageTests } from './page-node.fixture.ts';

const tests = pageTests();
const { open, scratch } = tests;
afterAll(() => scratch.openGate('open'));
const figure = async (page: Page, name: string): Promise<string> =>
  (await page.locator('.figure', { hasText: name }).locator('.value').textContent()) ?? '';
/** The cells of a name's row. */
const row = (page: Page, name: string): Promise<readonly string[]> =>
  page.locator('.wide tbody tr', { hasText: name }).locator('td').allTextContents();

test('what runs, waits and failed is counted as it happens', async () => {
  const page = await open('');
  await page.locator('.figures').waitFor();
  const gate = scratch.path('open');
  const running = await Promise.all([1, 2, 3].map(() => tests.node.start('talk', { gate, lines: 1 })));
  const ended = await Promise.all([
    tests.node.start('echo', 1),
    tests.node.start('echo', 2),
    tests.node.start('refuse'),
  ]);
  await Promise.all(ended.map((id) => tests.node.ended(id)));
  await expect.poll(() => figure(page, 'Running')).toBe('3');
  await expect.poll(() => figure(page, 'Failed')).toBe('1');
  await expect.poll(() => figure(page, 'Slots busy')).toMatch(/^3 \/ \d+$/);
  await expect.poll(() => row(page, 'echo')).toEqual(expect.arrayContaining(['2']));
  const unfinished = page.locator('section', { has: page.getByRole('heading', { name: 'Not finished' }) });
  await expect.poll(() => unfinished.locator('tbody tr').count()).toBe(3);
  scratch.openGate('open');
  await Promise.all(running.map((id) => tests.node.ended(id)));
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
