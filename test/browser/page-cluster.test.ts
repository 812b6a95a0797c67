/** The page of a cluster: what it shows is what happens, as it happens, and each page says that something is wrong. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser } from '../../tools/start-browser.ts';
import { LiveCluster } from '../cluster/live-cluster.fixture.ts';
import { openPage, openPageNode, type PageNode, type WatchedPage } from './page-node.fixture.ts';

let browser: Browser;
let cluster: LiveCluster;
let node: PageNode;
let watched: WatchedPage;
let page: Page;

/** A node that shows the cluster as this member of it sees it. */
const openMember = (id: string): Promise<PageNode> =>
  openPageNode({ cluster: () => cluster.overview(id, { urlOf: (other) => `https://${other}.example:8484/` }) });

beforeAll(async () => {
  [browser, cluster] = await Promise.all([startBrowser(), LiveCluster.open(6, ['n1', 'n2', 'n3'])]);
  node = await openMember('n1');
  await cluster.settled();
  watched = await openPage(browser, node, '#/cluster');
  page = watched.page;
}, 60_000);
afterAll(async () => {
  await watched?.close();
  await browser?.close();
  await node?.close();
  cluster?.close();
  expect(watched.complaints).toEqual([]);
  expect(watched.elsewhere).toEqual([]);
});

const figure = async (name: string, at = page): Promise<string> =>
  (await at.locator('.figure', { hasText: name }).locator('.value').textContent()) ?? '';
const rows = async (heading: string, at = page): Promise<readonly (readonly string[])[]> => {
  const section = at.locator('section', { has: at.getByRole('heading', { name: heading, exact: true }) });
  const found = await section.locator('tbody tr').all();
  return Promise.all(found.map((row) => row.locator('th, td').allTextContents()));
};

test('who is there, who leads and follows each partition, how far behind', async () => {
  await expect.poll(() => figure('Nodes heard')).toBe('3 / 3');
  expect(await figure('Partitions led')).toBe('6 / 6');
  const members = await rows('Nodes');
  expect(members.map(([name, state]) => [name, state])).toEqual([
    ['n1 this one', 'up'],
    ['n2', 'up'],
    ['n3', 'up'],
  ]);
  expect(await page.getByRole('link', { name: 'n2', exact: true }).getAttribute('href')).toBe(
    'https://n2.example:8484/',
  );
  const partitions = await rows('Partitions');
  expect(partitions.map(([number]) => number)).toEqual(['0', '1', '2', '3', '4', '5']);
  for (const [, leader, standbys] of partitions) {
    expect(leader).toMatch(/^n[123]$/);
    expect(standbys).toMatch(/^n[123] \d+$/);
  }
  expect(await page.locator('.faults').count()).toBe(0);
});

test('how much work each node has, as it measures', async () => {
  const loads = async () => (await rows('Nodes')).map((cells) => cells[6]);
  expect(await loads()).toEqual(['', '', '']);
  cluster.measures('n1', [[0, 1_200]]);
  cluster.measures('n2', [
    [1, 30],
    [4, 10],
  ]);
  await expect.poll(loads).toEqual(['1,200', '40', '']);
});

test('the page of another node shows the same cluster', async () => {
  const second = await openMember('n2');
  const other = await openPage(browser, second, '#/cluster');
  /** What does not change while nothing happens. */
  const shown = async (at: Page) => ({
    heard: await figure('Nodes heard', at),
    led: await figure('Partitions led', at),
    nodes: (await rows('Nodes', at)).map(([name, ...cells]) => [name?.replace(' this one', ''), ...cells]),
    partitions: (await rows('Partitions', at)).map(([number, leader, standbys]) => [
      number,
      leader,
      standbys?.split(' ')[0],
    ]),
    faults: await at.locator('.faults').count(),
  });
  const own = await shown(page);
  expect([own.nodes.length, own.partitions.length]).toEqual([3, 6]);
  await expect.poll(() => shown(other.page)).toEqual(own);
  expect((await rows('Nodes', other.page)).map(([name]) => name)).toEqual(['n1', 'n2 this one', 'n3']);
  await other.close();
  await second.close();
  expect([...other.complaints, ...other.elsewhere]).toEqual([]);
});

test('what a person has set for a partition stands there in words', async () => {
  const member = cluster.members.get('n1')?.node;
  const now = async () => (await rows('Partitions')).map((cells) => cells.at(-1));
  const leader = (await rows('Partitions'))[0]?.[1] ?? '';
  await member?.place({ partition: 0, pinned: leader });
  await member?.place({ partition: 1, throttled: true });
  await member?.place({ partition: 2, pinned: 'eu', throttled: true });
  await expect.poll(now).toEqual([`pinned to ${leader}`, 'throttled', 'pinned to eu, throttled', '', '', '']);
  for (const partition of [0, 1, 2]) await member?.place({ partition, pinned: '', throttled: false });
  await expect.poll(now).toEqual(['', '', '', '', '', '']);
});

test('a node that dies: its moves are shown at once, and what is wrong stands on top of every page', async () => {
  const before = await page.locator('.moves li').count();
  cluster.kill('n3');
  await expect.poll(() => page.locator('.faults').textContent()).toContain('n3 is gone');
  await expect.poll(() => page.locator('.moves li', { hasText: /took partition \d over from n3, in/ }).count()).toBe(2);
  expect(await page.locator('.moves li').count()).toBeGreaterThan(before);
  await expect.poll(() => figure('Partitions led')).toBe('6 / 6');
  await page.getByRole('link', { name: 'Tasks', exact: true }).click();
  await page.locator('.notice', { hasText: 'n3 is gone' }).getByRole('link').click();
  await page.locator('.faults').waitFor();
  expect(await page.locator('.notice').count()).toBe(0);
});

test('it is in the navigation of a node that is in a cluster, and of no other', async () => {
  const alone = await openPageNode();
  const other = await openPage(browser, alone, '');
  await other.page.locator('.figures').waitFor();
  expect(await other.page.getByRole('link', { name: 'Cluster' }).count()).toBe(0);
  await other.page.evaluate(() => {
    location.hash = '#/cluster';
  });
  await other.page.getByText('it is in no cluster').waitFor();
  await other.close();
  await alone.close();
  expect(other.complaints).toEqual([]);
});
