/** The overview: of a real node, what it shows is what happens, as it happens; of figures that are told, it is those. */
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { type Histogram, histogramBoundsMs, type Overview } from '../../src/protocol/overview.ts';
import { pageTests } from './page-node.fixture.ts';

const tests = pageTests();
const { open, scratch } = tests;
afterAll(() => scratch.openGate('open'));
const figure = async (page: Page, name: string): Promise<string> =>
  (await page.locator('.figure', { hasText: name }).locator('.value').textContent()) ?? '';
/** What stands below it. */
const about = async (page: Page, name: string): Promise<string> =>
  (await page.locator('.figure', { hasText: name }).locator('.faint').textContent()) ?? '';
/** The rows of the table below a heading: the texts of their cells. */
const table = (page: Page, heading: string): Promise<readonly (readonly string[])[]> =>
  page
    .locator('section', { has: page.getByRole('heading', { name: heading }) })
    .locator('tbody tr')
    .evaluateAll((rows) => rows.map((one) => [...one.children].map((cell) => cell.textContent ?? '')));
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

describe('Of a node with a log in files', () => {
  const tests = pageTests((scratch) => ({ data: scratch.path('data') }));

  test('the queue has an age, what ended has a rate and durations, and its log and checkpoints are shown', async () => {
    const page = await tests.open('');
    await expect.poll(() => figure(page, 'Slots busy')).toMatch(/^0 \/ \d+$/);
    const slots = Number((await figure(page, 'Slots busy')).split(' / ')[1]);
    expect(await table(page, 'Partitions')).toEqual([
      ['0', '0', '0', expect.any(String), expect.any(String), 'none yet'],
    ]);
    const gate = tests.scratch.path('queue');
    const started = await Promise.all(
      Array.from({ length: slots }, () => tests.node.start('talk', { gate, lines: 1 })),
    );
    await expect.poll(() => figure(page, 'Slots busy')).toBe(`${slots} / ${slots}`);
    started.push(...(await Promise.all([1, 2, 3].map((value) => tests.node.start('echo', value)))));
    await expect.poll(() => figure(page, 'Queued')).toBe('3');
    expect(await about(page, 'Queued')).toMatch(/^oldest for [\d.]+ m?s$/);
    expect(await figure(page, 'Run time p50')).toBe('–');
    tests.scratch.openGate('queue');
    await Promise.all(started.map((id) => tests.node.ended(id)));
    await expect.poll(() => figure(page, 'Throughput')).toMatch(/^(?!0\/)[\d.]+\/s$/);
    await expect.poll(() => about(page, 'Throughput')).toBe(`${slots + 3} completed`);
    expect(await figure(page, 'Run time p50')).toMatch(/^[\d.]+ m?s$/);
    expect(await about(page, 'Run time p50')).toMatch(/^p99 [\d.]+ m?s$/);
    await expect.poll(() => figure(page, 'Queued')).toBe('0');
    // Position and rows to flush are as the node's clock has it.
    const [log] = await table(page, 'Log');
    expect(log).toEqual([
      '0',
      expect.stringMatching(/^\d.* [kM]?B$/),
      ...Array(2).fill(expect.stringMatching(/^[1-9]/)),
      ...Array(2).fill(expect.stringMatching(/ m?s$/)),
    ]);
    await expect
      .poll(() => table(page, 'Partitions'), { timeout: 60_000 })
      .toEqual([
        [
          '0',
          '0',
          String(slots + 3),
          expect.stringMatching(/^[1-9]/),
          expect.any(String),
          expect.stringMatching(/^(just now|\d+ s ago)$/),
        ],
      ]);
  });
});

describe('What a node tells', () => {
  const durations = (counts: Readonly<Record<number, number>>): Histogram => ({
    counts: [...histogramBoundsMs, Number.POSITIVE_INFINITY].map((bound) => counts[bound] ?? 0),
    sumMs: 0,
  });
  const start = new Date('2026-11-03T09:00:00Z');
  let asked = 0;
  /** An hour after it began, and a second more each time; 250 tasks end in each. */
  const tells = (own: Overview): Overview => {
    asked++;
    const time = new Date(start.getTime() + (3_600 + asked) * 1_000);
    const ago = (seconds: number): Date => new Date(time.getTime() - seconds * 1_000);
    const [partition] = own.partitions;
    const [executor] = own.executors;
    if (partition === undefined || executor === undefined) throw new Error('A node has partitions and executors.');
    return {
      ...own,
      time,
      startedAt: start,
      functions: [
        {
          name: 'send',
          started: 9_000,
          completed: 4_000 + 250 * asked,
          failed: 30,
          cancelled: 0,
          failedAttempts: 95,
          items: 0,
          queued: 1_204,
          scheduled: 6,
          running: 9,
          waiting: 2,
          runTime: durations({ 4: 90, 128: 10 }),
          waitTime: durations({ 1024: 1 }),
        },
      ],
      partitions: [
        {
          ...partition,
          partition: 0,
          tasks: 1_219,
          finished: 4_030,
          position: 88_123,
          dirtyRows: 17,
          checkpointAt: ago(42),
          oldestQueuedAt: ago(12),
        },
        {
          ...partition,
          partition: 1,
          leading: false,
          tasks: 0,
          finished: 0,
          position: 7,
          dirtyRows: 0,
          checkpointAt: undefined,
          oldestQueuedAt: ago(75),
        },
      ],
      logs: [{ log: 0, bytes: 1_234_567, appends: 88_130, syncs: 2_050, syncTime: durations({ 2: 90, 16: 10 }) }],
      executors: [{ ...executor, slots: 8, busy: 7, silentMs: 0 }],
    };
  };
  const tests = pageTests(() => ({ tells }));

  test('stands in the page: throughput, durations, the queue and its age, log and checkpoints', async () => {
    const page = await tests.open('');
    await expect.poll(() => figure(page, 'Throughput')).toBe('250/s');
    expect(await figure(page, 'Queued')).toBe('1,204');
    expect(await about(page, 'Queued')).toBe('oldest for 1 min 15 s');
    expect(await figure(page, 'Run time p50')).toBe('3.1 ms');
    expect(await about(page, 'Run time p50')).toBe('p99 122 ms');
    expect(await figure(page, 'Running')).toBe('9');
    expect(await about(page, 'Running')).toBe('2 of them waiting');
    expect(await figure(page, 'Slots busy')).toBe('7 / 8');
    expect(await figure(page, 'Up for')).toBe('1 h');
    expect(await about(page, 'Up for')).toBe('1 partition led');
    expect(await row(page, 'send')).toEqual([
      '9',
      '1,210',
      expect.any(String),
      '30',
      '65',
      '3.1 ms',
      '122 ms',
      expect.any(String),
      expect.any(String),
    ]);
    expect(await table(page, 'Partitions')).toEqual([
      ['0', '1,219', '4,030', '88,123', '17', '42 s ago'],
      ['1 not leading', '0', '0', '7', '0', 'none yet'],
    ]);
    expect(await table(page, 'Log')).toEqual([['0', '1.23 MB', '88,130', '2,050', '1.6 ms', '15 ms']]);
  });
});
