/** A real node of the tests' app with its gateway and the built page, and a browser's page that minds what it loads and says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { listen } from '../../src/gateway/server.ts';
import { openNode } from '../../src/node/open.ts';
import type { ClusterOverview } from '../../src/protocol/cluster-overview.ts';
import type { Overview } from '../../src/protocol/overview.ts';
import { encodeValue } from '../../src/values/codec.ts';
import { startBrowser } from '../../tools/start-browser.ts';
import { withCluster, withOverview } from '../cluster/cluster-backend.fixture.ts';

const module = new URL('./page-app.fixture.ts', import.meta.url).href;

export type PageNode = {
  readonly url: string;
  readonly port: number;
  /** Starts a task and gives its id. */
  start(name: string, input?: unknown, key?: string): Promise<string>;
  /** Settles when the task has ended, however. */
  ended(id: string): Promise<void>;
  close(): Promise<void>;
};

export type PageNodeOptions = {
  readonly data?: string;
  readonly token?: string;
  readonly port?: number;
  /** The cluster that it shows. */
  readonly cluster?: () => ClusterOverview;
  /** What it tells of itself in place of the truth. */
  readonly tells?: (overview: Overview) => Overview;
};

export const openPageNode = async (options: PageNodeOptions = {}): Promise<PageNode> => {
  const { data, token, port = 0, cluster, tells = (overview) => overview } = options;
  const store = data === undefined ? { engine: 'memory' as const } : { data };
  const node = await openNode({ module, executors: 2, logLevel: 'error', ...store }, undefined);
  const own = await node.backend();
  const backend = withOverview(cluster === undefined ? own : withCluster(own, cluster), tells);
  const reports: unknown[] = [];
  const report = (error: unknown): unknown => reports.push(error);
  const server = await listen(backend, { port, report, ...(token === undefined ? {} : { token }) });
  return {
    url: `${server.url}/`,
    port: server.port,
    start: (name, input, key) => backend.start({ id: undefined, name, input: encodeValue(input), key, delayMs: 0 }),
    ended: (id) =>
      backend.wait(id).then(
        () => undefined,
        () => undefined,
      ),
    close: async () => {
      await server.close();
      await node.close();
      if (reports.length > 0) throw new AggregateError(reports, 'The gateway made mistakes.');
    },
  };
};

/** A folder that goes away, and files in it that open gates. */
export class Scratch {
  readonly folder = mkdtempSync(join(tmpdir(), 'tutti-page-'));

  path(name: string): string {
    return join(this.folder, name);
  }

  openGate(name: string): void {
    writeFileSync(this.path(name), '');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export type WatchedPage = {
  readonly page: Page;
  /** What it asked of other servers than its own. */
  readonly elsewhere: readonly string[];
  /** What went wrong in it: thrown errors, and what the console calls an error. */
  readonly complaints: string[];
  close(): Promise<void>;
};

/** How long something may take to be seen, on a machine that does much else. */
const waitMs = 15_000;

export type Looks = { readonly dark?: boolean; readonly width?: number; readonly height?: number };

export const openPage = async (
  browser: Browser,
  { url }: Pick<PageNode, 'url'>,
  hash: string,
  { dark = false, width = 1_360, height = 860 }: Looks = {},
): Promise<WatchedPage> => {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(waitMs);
  const elsewhere: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) elsewhere.push(request.url());
  });
  page.on('websocket', (socket) => {
    if (!socket.url().startsWith(url.replace('http', 'ws'))) elsewhere.push(socket.url());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(`${url}${hash}`);
  return { page, elsewhere, complaints, close: () => context.close() };
};

/**
 * For a file of tests: a browser, a node and files for all of them, and a page for each, which must have asked nothing of other
 * servers and complained of nothing when its test is over.
 */
export const pageTests = (options: (scratch: Scratch) => PageNodeOptions = () => ({})) => {
  const scratch = new Scratch();
  let browser: Browser;
  let node: PageNode;
  let watched: WatchedPage | undefined;
  beforeAll(async () => {
    [browser, node] = await Promise.all([startBrowser(), openPageNode(options(scratch))]);
  });
  afterAll(async () => {
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
  return {
    scratch,
    get node(): PageNode {
      return node;
    },
    open: async (hash: string, looks?: Looks): Promise<Page> => {
      watched = await openPage(browser, node, hash, looks);
      return watched.page;
    },
  };
};
