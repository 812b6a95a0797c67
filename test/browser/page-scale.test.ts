/** Much on the page at once: ten thousand tasks in the list, a map of a hundred thousand items. */
import { expect, test } from 'vitest';
import { pageTests } from './page-node.fixture.ts';

const tests = pageTests();
const { open, scratch } = tests;

test('ten thousand tasks are a list in which only what is in sight is there', async () => {
  const ids = await Promise.all(
    Array.from({ length: 10_000 }, (_, index) =>
      tests.node.start('echo', index, `n-${String(index).padStart(5, '0')}`),
    ),
  );
  await Promise.all(ids.map((id) => tests.node.ended(id)));
  const page = await open('#/tasks');
  const box = page.locator('.rows');
  const rows = page.locator('.rows-body .rows-row');
  await rows.first().waitFor();
  const count = page.locator('.tasks-top .count');
  while ((await count.textContent()) !== '10,000 tasks') {
    const before = await count.textContent();
    await box.evaluate((list) => list.scrollTo(0, list.scrollHeight));
    await page.waitForFunction((text) => document.querySelector('.tasks-top .count')?.textContent !== text, before);
  }
  // The whole way back, a screen at a time; frames as the browser gives them.
  const frames = await box.evaluate(async (list) => {
    const times: number[] = [];
    let last = await new Promise<number>(requestAnimationFrame);
    while (list.scrollTop > 0) {
      list.scrollBy(0, -list.clientHeight);
      const now = await new Promise<number>(requestAnimationFrame);
      times.push(now - last);
      last = now;
    }
    return times.sort((a, b) => a - b);
  });
  const at = (share: number): string => `${frames[Math.floor(share * (frames.length - 1))]?.toFixed(1)} ms`;
  console.log(`scrolling over 10,000 tasks: ${frames.length} frames, p50 ${at(0.5)}, p99 ${at(0.99)}`);
  // Down again, by a screen and by more than is kept beside it: at each frame there are few rows, and each point of the list shows one.
  const seen = await box.evaluate(async (list) => {
    const { top, bottom, left, height } = list.getBoundingClientRect();
    const found = { frames: 0, most: 0, holes: 0 };
    const end = list.scrollHeight - list.clientHeight;
    while (list.scrollTop < end - 1) {
      list.scrollBy(0, height * (found.frames % 3 === 0 ? 9.5 : 1));
      await new Promise(requestAnimationFrame);
      found.frames++;
      found.most = Math.max(found.most, list.querySelectorAll('.rows-body .rows-row').length);
      for (let y = top + 40; y < bottom - 70; y += 34)
        if ((document.elementFromPoint(left + 40, y)?.closest('.rows-row') ?? null) === null) found.holes++;
    }
    return found;
  });
  expect(seen.holes).toBe(0);
  expect(seen.frames).toBeGreaterThan(50);
  expect(seen.most).toBeLessThan(80);
  await page.getByRole('searchbox').fill('n-00042');
  await expect.poll(() => rows.allTextContents()).toHaveLength(1);
  expect(await rows.first().textContent()).toContain('n-00042');
});

test('a map of a hundred thousand items is one row with its numbers, live to the end', async () => {
  const id = await tests.node.start('renderAll', { pages: 100_000, from: 60_000, gate: scratch.path('map') });
  const page = await open(`#/task/${id}`);
  const numbers = page.locator('.map-numbers');
  await expect.poll(() => numbers.textContent()).toMatch(/^[\d,]+ of 100,000/);
  const done = async (): Promise<number> =>
    Number(((await numbers.textContent()) ?? '').split(' of ')[0]?.replaceAll(',', ''));
  await expect.poll(done).toBeGreaterThan(0);
  const early = await done();
  await expect.poll(done).toBeGreaterThan(Math.min(early, 50_000));
  expect(await page.locator('.fall').count()).toBeLessThan(4);
  expect(await page.locator('.heat rect').count()).toBeLessThanOrEqual(100);
  await page.locator('.waits').getByText('It waits for the items of its map').waitFor();
  scratch.openGate('map');
  await page.locator('.facts .state').getByText('completed').waitFor({ timeout: 60_000 });
  await expect.poll(() => numbers.textContent()).toMatch(/^100,000 of 100,000/);
  expect(await page.locator('.heat rect').count()).toBe(100);
  expect(await page.locator('*').count()).toBeLessThan(600);
});
