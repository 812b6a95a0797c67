/** The page of a failing run in a real browser: the violation is seen at once, and what led to it can be looked for. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startBrowser } from '../../tools/start-browser.ts';
import { plantedBugs } from '../simulation/planted/bugs.ts';
import { Copy } from '../simulation/planted/plant.ts';

const folder = mkdtempSync(join(tmpdir(), 'tutti-page-'));
const file = join(folder, 'run.html');
const elsewhere: string[] = [];
const errors: string[] = [];
let browser: Browser;
let page: Page;
let law = '';

beforeAll(async () => {
  const bug = plantedBugs.find(({ name }) => name.startsWith('no fence'));
  if (bug === undefined) throw new Error('The planted bug of this test is gone: name another one.');
  const copy = new Copy();
  try {
    const args = ['--first', `${bug.first ?? 1}`, '--seeds', `${bug.seeds}`, '--workload', bug.workload];
    const { out } = await copy.run(bug, [...args, '--html', file]);
    expect(out).toContain(`Page: ${file}`);
    law = /^law: (.*)$/m.exec(out)?.[1] ?? '';
  } finally {
    copy.remove();
  }
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1_300, height: 850 } });
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) elsewhere.push(request.url());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(pathToFileURL(file).href);
  await page.waitForFunction(() => document.body.dataset['ready'] === 'true');
});

afterEach(async () => {
  await page.close();
  expect(elsewhere.splice(0)).toEqual([]);
  expect(errors.splice(0)).toEqual([]);
});

const rows = (): Promise<readonly string[]> =>
  page.locator('#list .row').evaluateAll((found) => found.map((row) => row.textContent ?? ''));
/** Things in view, and things of the run. */
const counted = async (): Promise<readonly number[]> =>
  ((await page.textContent('#count')) ?? '').split(' of ').map(Number);

/** Waits until what is in view is another number of things. */
const changes = async (act: () => Promise<unknown>): Promise<void> => {
  const before = await page.textContent('#count');
  await act();
  await page.waitForFunction((text) => document.querySelector('#count')?.textContent !== text, before);
};

/** How many points of the lanes have the colour that a custom property names. */
const painted = (name: string): Promise<number> =>
  page.evaluate((property) => {
    const canvas = document.querySelector('#plot') as HTMLCanvasElement;
    const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
    const [red, green, blue] = (
      getComputedStyle(document.documentElement)
        .getPropertyValue(property)
        .match(/[0-9a-f]{2}/g) ?? []
    ).map((hex) => Number.parseInt(hex, 16));
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4)
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count++;
    return count;
  }, name);

test('opens at the violation: named above, marked in the lanes, chosen in the list', async () => {
  expect(law).not.toBe('');
  expect(await page.title()).toContain(law);
  expect(await page.textContent('#verdict')).toContain(law);
  expect(await page.textContent('#again')).toMatch(/^npm run simulate -- .*--keep /);
  const chosen = page.locator('#list .row.broken.selected');
  expect(await chosen.textContent()).toContain(law);
  const list = await page.locator('#list').boundingBox();
  const row = await chosen.boundingBox();
  expect(row?.y).toBeGreaterThanOrEqual(list?.y ?? Number.POSITIVE_INFINITY);
  expect((row?.y ?? 0) + (row?.height ?? 0)).toBeLessThanOrEqual((list?.y ?? 0) + (list?.height ?? 0) + 1);
  // A line two points wide from the top to the bottom.
  expect(await painted('--trouble')).toBeGreaterThan(300);
});

test('text, place, partition and kind each leave what they name', async () => {
  await changes(() => page.keyboard.press('0'));
  const [, all] = await counted();
  expect(await counted()).toEqual([all, all]);
  await changes(() => page.fill('#search', 'append'));
  for (const row of await rows()) expect(row).toMatch(/append/i);
  const [appends] = await counted();
  await changes(() => page.locator('#places .chip', { hasText: /^n0$/ }).click());
  for (const row of await rows()) expect(row).toContain('n0');
  expect((await counted())[0]).toBeLessThan(appends as number);
  await changes(() => page.fill('#search', ''));
  await changes(() => page.locator('#partitions .chip', { hasText: /^1$/ }).click());
  for (const row of await rows()) expect(row).not.toContain('log 0');
  await page.click('summary');
  await changes(() => page.click('#kinds-none'));
  expect(await counted()).toEqual([0, all]);
  expect(await rows()).toEqual([]);
  // That node need not lead that partition in this run.
  await page.locator('#places .chip', { hasText: /^n0$/ }).click();
  await changes(() => page.locator('#kinds label', { hasText: /^ leads / }).click());
  for (const row of await rows()) expect(row).toContain('leads');
});

test('wheel and keys move through the run, and lead back to the violation', async () => {
  const box = await page.locator('#plot').boundingBox();
  if (box === null) throw new Error('There are no lanes.');
  const opened = await counted();
  await page.mouse.move(box.x + box.width / 2, box.y + 40);
  await changes(() => page.mouse.wheel(0, 400));
  expect((await counted())[0]).toBeGreaterThan(opened[0] as number);
  await changes(() => page.keyboard.press('+'));
  await changes(() => page.keyboard.press('Home'));
  expect((await rows())[0]).toContain('0.000');
  await changes(() => page.keyboard.press('v'));
  expect(await counted()).toEqual(opened);
  expect(await page.locator('#list .row.broken.selected').count()).toBe(1);
});

test('who is pointed at tells of itself, who is chosen stays', async () => {
  // What happened just before.
  const row = page.locator('#list .row:has(+ .row.selected)');
  const text = (await row.locator('.what').textContent()) ?? '';
  await row.click();
  await page.locator('#details').waitFor();
  expect(await page.textContent('#details-text')).toContain(text.replace(/ \([^)]*\)$/, ''));
  await page.keyboard.press('Escape');
  await page.locator('#details').waitFor({ state: 'hidden' });
  // The violation stands where its line crosses the lane of its place; the names on the left say nothing.
  const tip = page.locator('#tip');
  const lanes = await page.locator('#lanes').boundingBox();
  if (lanes === null) throw new Error('There are no lanes.');
  for (let y = lanes.y + 2; !(await tip.isVisible()) && y < lanes.y + lanes.height; y += 3)
    await page.mouse.move(lanes.x + lanes.width / 2, y);
  expect((await tip.textContent())?.length).toBeGreaterThan(0);
});

test('a narrow page and a dark one show the same, and nothing sticks out', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.waitForFunction(() => {
    const canvas = document.querySelector('#plot') as HTMLCanvasElement;
    return canvas.width === Math.round(canvas.clientWidth * devicePixelRatio);
  });
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  // Fewer rows are in view, so that the one of the violation may not be among them until it is gone to.
  await page.keyboard.press('v');
  await page.waitForFunction(() => document.querySelector('#list .row.broken') !== null);
  // As high as the lanes of this run are here.
  const height = await page.evaluate(() => (document.querySelector('#plot') as HTMLCanvasElement).height);
  expect(await painted('--trouble')).toBeGreaterThan(height);
});
