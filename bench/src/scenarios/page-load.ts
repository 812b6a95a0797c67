/**
 * The page of a node with a million finished tasks, opened by a browser that has nothing of it: how long until its first tasks are
 * there, and how much comes over the wire.
 */
import type { Browser } from 'playwright-core';
import { connect } from 'tutti/client';
import { startBrowser } from '../../../tools/start-browser.ts';
import * as app from '../app.ts';
import { noop, noopInput } from '../app.ts';
import { batchesOf, percentile, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';
import { Serving } from '../serving.ts';

const outstanding = 10_000;
const batch = 500;
const loads = 20;

/** How long the page is looked at: what shifts or computes later than that is not of its loading. */
const watchedMs = 2_000;

/** What an audit of a page tells, in ms; layout shift is a share of the window that moved, times how far. */
type Vitals = {
  readonly firstPaintMs: number;
  readonly largestPaintMs: number;
  /** Of tasks of the main thread what is above 50 ms, from the first paint on. */
  readonly blockedMs: number;
  readonly layoutShift: number;
};

type Load = Vitals & { readonly firstDataMs: number; readonly bytes: number; readonly requests: number };

/** What runs in the page, which has other globals. */
const firstData = `new Promise((resolve) => {
  const look = () => document.querySelector('.rows-body .rows-row') ? resolve(performance.now()) : requestAnimationFrame(look);
  look();
})`;
/** Begun before the page: asks the browser for what it will have seen of it. */
const watchVitals = `{
  const seen = (globalThis.vitals = { firstPaintMs: NaN, largestPaintMs: NaN, blockedMs: 0, layoutShift: 0 });
  const watch = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  watch('paint', ({ name, startTime }) => {
    if (name === 'first-contentful-paint') seen.firstPaintMs = startTime;
  });
  watch('largest-contentful-paint', ({ startTime }) => {
    seen.largestPaintMs = startTime;
  });
  watch('longtask', ({ startTime, duration }) => {
    if (!(startTime + duration < seen.firstPaintMs)) seen.blockedMs += Math.max(0, duration - 50);
  });
  watch('layout-shift', ({ value, hadRecentInput }) => {
    if (!hadRecentInput) seen.layoutShift += value;
  });
}`;
const readVitals = `new Promise((resolve) => setTimeout(() => resolve(vitals), ${watchedMs}))`;
const transferSizes = `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .map(({ transferSize }) => transferSize)`;

/** Opens the list of tasks in a fresh browser profile. */
const load = async (browser: Browser, url: string): Promise<Load> => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(watchVitals);
  await page.goto(`${url}/#/tasks`, { waitUntil: 'commit' });
  const firstDataMs = await page.evaluate<number>(firstData);
  const sizes = await page.evaluate<readonly number[]>(transferSizes);
  const vitals = await page.evaluate<Vitals>(readVitals);
  await context.close();
  return { ...vitals, firstDataMs, bytes: sizes.reduce((sum, size) => sum + size, 0), requests: sizes.length };
};

export const pageLoad: Scenario = {
  name: 'page-load',
  cases: [undefined],
  async run(options) {
    const n = scaled(1_000_000, options);
    await using serving = await Serving.start(options, n * 2);
    const client = connect(serving.url, { app });
    await batchesOf(n, outstanding, batch, async (index) => {
      await client.run(noop, noopInput(index));
    });
    await client.close();
    const browser = await startBrowser();
    // The browser itself starts slowly.
    await load(browser, serving.url);
    const all: Load[] = [];
    const { seconds, cpuSeconds } = await span(async () => {
      while (all.length < loads) all.push(await load(browser, serving.url));
    });
    await browser.close();
    const [first] = all as [Load];
    check(
      all.every(({ bytes }) => bytes > 0),
      'nothing was transferred',
    );
    const median = (of: keyof Vitals): number =>
      percentile(
        Float64Array.from(all, (one) => one[of]),
        0.5,
      );
    const extra = {
      finished_tasks: n,
      transferred_kb: first.bytes / 1_000,
      requests: first.requests,
      first_paint_ms: median('firstPaintMs'),
      largest_paint_ms: median('largestPaintMs'),
      blocked_ms: median('blockedMs'),
      layout_shift: median('layoutShift'),
    };
    const latencies = Float64Array.from(all, ({ firstDataMs }) => firstDataMs).sort();
    return { n: loads, seconds, cpuSeconds, latencies, extra, settings: { page: 'tasks' } };
  },
};
