/**
 * Each page in light and dark: no violation that axe knows of, nothing that sticks out on a phone. `TUTTI_PICTURES=docs/images`
 * takes the pictures of the documentation as well.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBrowser } from '../../tools/start-browser.ts';
import { LiveCluster } from '../cluster/live-cluster.fixture.ts';
import { type Looks, openPage, openPageNode, type PageNode, Scratch, type WatchedPage } from './page-node.fixture.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = process.env['TUTTI_PICTURES'];
const scratch = new Scratch();
const pictured = new Set(['overview', 'cluster', 'tasks', 'task', 'steps', 'failed', 'done', 'start', 'json', 'token']);
/** How much life the charts of pictures show. */
const pictureMs = 200_000;
let browser: Browser;
let node: PageNode;
/** One that shows a cluster, of which a node has died. */
let member: PageNode;
/** One that wants a token. */
let guarded: PageNode;
let cluster: LiveCluster;
let ids: Readonly<Record<'mapping' | 'steps' | 'failed' | 'done', string>>;

beforeAll(async () => {
  [browser, node, guarded, cluster] = await Promise.all([
    startBrowser(),
    openPageNode(),
    openPageNode({ token: 'a-token-that-only-this-test-knows' }),
    LiveCluster.open(12, ['atlas', 'boreas', 'castor', 'daphne']),
  ]);
  const server = { online: true, leader: false, lag: 0 };
  const servers = [
    { ...server, name: 'atlas', leader: true },
    { ...server, name: 'boreas' },
    { ...server, name: 'castor', online: false },
  ];
  const engine = { kind: 'nats', connected: true, servers } as const;
  member = await openPageNode({ cluster: () => cluster.overview('atlas', { engine }) });
  await cluster.settled();
  cluster.kill('castor');
  await cluster.settled();
  const done = await node.start('order', {
    id: 'o-2041',
    customer: { name: 'Ada', email: 'ada@example.org' },
    items: [{ sku: 'tea', count: 2 }],
    pay: { by: 'card', number: '4242' },
  });
  const failed = await node.start('send', 'ada@example.org');
  await Promise.all([done, failed, await node.start('refuse')].map((id) => node.ended(id)));
  const many = Array.from({ length: 60 }, (_, index) =>
    node.start(
      index % 3 === 0 ? 'billing.invoice' : 'echo',
      `a-${index}`,
      index % 4 === 0 ? `order-${2_000 + index}` : undefined,
    ),
  );
  await Promise.all((await Promise.all(many)).map((id) => node.ended(id)));
  const steps = await node.start('statements', '2026-11', 'november');
  const mapping = await node.start('renderAll', { pages: 100_000, from: 62_000, gate: scratch.path('map') });
  ids = { mapping, steps, failed, done };
  if (pictures === undefined) return;
  living = live();
  await new Promise((resolve) => setTimeout(resolve, pictureMs));
}, 2 * pictureMs);
afterAll(async () => {
  over = true;
  await living;
  scratch.openGate('map');
  await browser?.close();
  await node?.close();
  await member?.close();
  await guarded?.close();
  cluster?.close();
  scratch.remove();
});

let over = false;
let living: Promise<void> | undefined;
/** Tasks that come and go, more and fewer of them by turns, until all is over. */
const live = async (): Promise<void> => {
  for (let turn = 0; !over; turn++) {
    const count = Math.round(8 + 6 * Math.sin(turn / 9) + 3 * Math.sin(turn / 2.3));
    const names = ['echo', 'echo', 'billing.invoice', ...(turn % 11 === 0 ? ['refuse'] : [])];
    const started = Array.from({ length: count }, (_, index) =>
      node.start(names[index % names.length] ?? 'echo', `a-${index}`),
    );
    await Promise.all((await Promise.all(started)).map((id) => node.ended(id)));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};

/** Stacks name files of an app, wherever this folder is. */
const picture = async (page: Page, name: string, dark: boolean): Promise<void> => {
  await page.evaluate(
    (own) => {
      for (const stack of document.querySelectorAll('.stack'))
        stack.textContent = stack.textContent
          .replaceAll(own, 'file:///srv/shop/')
          .replaceAll('page-app.fixture.ts', 'app.ts');
    },
    new URL('.', import.meta.url).href,
  );
  await page.screenshot({ path: join(pictures ?? '', `page-${name}-${dark ? 'dark' : 'light'}.png`) });
};

type Violation = { readonly id: string; readonly help: string; readonly nodes: readonly { readonly html: string }[] };

/** What axe finds, of all levels that WCAG 2.2 AA asks for and of its own advice. */
const violations = async (page: Page): Promise<readonly string[]> => {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { axe } = globalThis as unknown as {
      axe: { run(at: Document, options: object): Promise<{ violations: Violation[] }> };
    };
    const result = await axe.run(document, {
      runOnly: { type: 'tag', values: tags },
      rules: { 'target-size': { enabled: true } },
    });
    return result.violations;
  });
  return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
};

/** What is wider than the page, and in nothing that can be scrolled by itself. */
const sticksOut = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => {
    const scrolls = (element: Element | null): boolean =>
      element !== null &&
      element.id !== 'content' &&
      (getComputedStyle(element).overflowX !== 'visible' || scrolls(element.parentElement));
    const main = document.querySelector('main');
    if (main === null || main.scrollWidth === main.clientWidth) return [];
    return [...document.querySelectorAll('#page *')]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5 && !scrolls(element.parentElement))
      .map((element) => element.outerHTML.slice(0, 200))
      .concat(`${main.scrollWidth - main.clientWidth} px`);
  });

/** Pages by name: where they are, and when all of them is there. */
type Shown = {
  hash: () => string;
  ready: (page: Page, at: PageNode) => Promise<unknown>;
  at?: () => PageNode | Promise<PageNode>;
  /** What the browser itself complains of when a node refuses or is gone. */
  complaint?: string;
};
const button = (page: Page, name: string): ReturnType<Page['getByRole']> =>
  page.getByRole('button', { name, exact: true });
const textOf = (page: Page, text: string): Promise<void> => page.getByText(text).waitFor();
const pages: Readonly<Record<string, Shown>> = {
  overview: {
    hash: () => '',
    ready: (page) =>
      page.locator('[role="slider"][aria-valuetext*="/s"]').waitFor({ state: 'attached', timeout: 40_000 }),
  },
  cluster: {
    hash: () => '#/cluster',
    at: () => member,
    ready: (page) => page.locator('.moves li').nth(3).waitFor(),
  },
  'tasks of a cluster': {
    hash: () => '#/tasks',
    at: () => member,
    ready: (page) => page.locator('.notice').waitFor(),
  },
  tasks: { hash: () => '#/tasks', ready: (page) => page.locator('.rows-body .rows-row').nth(20).waitFor() },
  task: {
    hash: () => `#/task/${ids.mapping}`,
    ready: (page) => page.locator('.heat rect').nth(20).waitFor({ state: 'attached' }),
  },
  steps: { hash: () => `#/task/${ids.steps}`, ready: (page) => page.locator('.waits').waitFor() },
  failed: { hash: () => `#/task/${ids.failed}`, ready: (page) => page.locator('.error .error').first().waitFor() },
  done: { hash: () => `#/task/${ids.done}`, ready: (page) => page.getByText('bigint').first().waitFor() },
  unknown: {
    hash: () => '#/task/0000000000000000000000000X',
    ready: (page) => page.getByText('No such task').waitFor(),
  },
  start: {
    hash: () => '#/start/order',
    ready: async (page) => {
      await page.getByRole('button', { name: 'Add to items' }).click();
      await page.getByRole('button', { name: 'Start', exact: true }).click();
      await page.locator('.field-errors p').first().waitFor();
      await page.locator('main').evaluate((main) => main.scrollTo(0, 0));
    },
  },
  'start without a task': { hash: () => '#/start', ready: (page) => textOf(page, 'Choose what to start.') },
  json: {
    hash: () => '#/start/echo',
    ready: (page) =>
      page.getByLabel('Input').fill('{\n  "month": "2026-11",\n  "due": {"$date": "2026-12-01T00:00:00Z"}\n}'),
  },
  'json that is none': {
    hash: () => '#/start/echo',
    ready: async (page) => {
      await page.getByLabel('Input').fill('{"month": ');
      await page.getByLabel('Input').blur();
      await textOf(page, 'The input is not JSON');
    },
  },
  'cancel a task': {
    hash: () => `#/task/${ids.steps}`,
    ready: async (page) => {
      await button(page, 'Cancel').click();
      await page.getByRole('dialog', { name: 'Cancel this task?' }).waitFor();
    },
  },
  token: {
    hash: () => '',
    at: () => guarded,
    ready: (page) => page.getByLabel('Token', { exact: true }).waitFor(),
    complaint: 'status of 401',
  },
  'token that is refused': {
    hash: () => '',
    at: () => guarded,
    ready: async (page) => {
      await page.getByLabel('Token', { exact: true }).fill('not-the-token-but-long-enough');
      await button(page, 'Connect').click();
      await textOf(page, 'The node does not take this token.');
    },
    complaint: 'status of 401',
  },
  'node that does not answer': {
    hash: () => '',
    at: () => openPageNode(),
    ready: async (page, gone) => {
      await page.locator('.figures').waitFor();
      await gone.close();
      await textOf(page, 'The node does not answer');
    },
    complaint: 'WebSocket connection to',
  },
};

const schemes: readonly Looks[] = [{ dark: false }, { dark: true }];

describe.each(Object.entries(pages))('the page %s', (name, { hash, ready, at = () => node, complaint }) => {
  const show = async (looks: Looks): Promise<WatchedPage> => {
    const shown = await at();
    const watched = await openPage(browser, shown, hash(), looks);
    await ready(watched.page, shown);
    return watched;
  };

  test.each(schemes)('has no violation: %o', async ({ dark = false }) => {
    const { page, close, complaints, elsewhere } = await show({ dark, width: 1_240, height: 780 });
    expect(await violations(page)).toEqual([]);
    if (pictures !== undefined && pictured.has(name)) await picture(page, name, dark);
    await close();
    expect(complaints.filter((text) => complaint === undefined || !text.includes(complaint))).toEqual([]);
    expect(elsewhere).toEqual([]);
  });

  test('shows all of itself on a phone, and on a screen at four times its size', async () => {
    const { page, close } = await show({ width: 320, height: 640 });
    expect(await sticksOut(page)).toEqual([]);
    expect(await violations(page)).toEqual([]);
    await close();
  });
});

test('the switch goes over what the system says, and is kept', async () => {
  const { page, close } = await openPage(browser, node, '#/tasks', { dark: false });
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.locator('.rows').waitFor();
  const light = await ground();
  await page.getByRole('button', { name: 'Dark' }).click();
  await expect.poll(ground).not.toBe(light);
  const dark = await ground();
  await page.reload();
  expect(await ground()).toBe(dark);
  await page.getByRole('button', { name: 'As the system' }).click();
  await expect.poll(ground).toBe(light);
  await close();
});
