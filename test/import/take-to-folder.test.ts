/** A data folder with jobs half done goes to a new one with another number of partitions. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { lockFolder } from '../../src/engine/embedded/folder-lock.ts';
import { open } from '../../src/index.ts';
import { openFolder } from '../../src/node/open-folder.ts';
import { takeToFolder } from '../../src/node/take-folder.ts';
import { nodeEnv } from '../../src/platform/node.ts';
import { fingerprint, goesOn, halfDone, module, sightOf } from './half-done.fixture.ts';
import * as app from './half-done-app.fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'tutti-import-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  return folder;
};

describe.each([
  [1, 8, 'closed'],
  [8, 3, 'killed'],
] as const)('a folder of %i partitions, to one of %i, after it was %s', (partitions, to, end) => {
  test('all that was in it is seen in the new one, the old one stays as it was, and all goes on', async () => {
    const folder = newFolder();
    const half = await halfDone(folder, partitions, end);
    const seenBefore = await look(half.data, half.ids.soon);
    const old = fingerprint(half.data);
    const made = join(folder, 'made');
    const taken = await takeToFolder(half.data, made, to, nodeEnv());
    expect(fingerprint(half.data)).toBe(old);
    expect(taken).toMatchObject({ partitions: to });
    expect(readdirSync(folder).sort()).toEqual(['data', 'made', 'outside']);
    expect(await look(made, half.ids.soon)).toEqual(seenBefore);
    const node = await open({ app, module, data: made, executors: 2, logLevel: 'error' });
    await goesOn(node, half);
    await node.close();
  });
});

/** As a node without the app sees it; but for one that sleeps for a short time. */
const look = async (data: string, without: string): Promise<unknown> => {
  const node = await openFolder(data, 'error');
  const seen = (await sightOf(node)).filter(({ id }) => id !== without);
  await node.close();
  return seen;
};

describe('what cannot be taken', () => {
  test('is told from a data folder that is in use, that is none, and from a place that is taken', async () => {
    const folder = newFolder();
    const data = join(folder, 'data');
    await (await open({ app, module, data, executors: 1 })).close();
    const lock = lockFolder(data);
    await expect(takeToFolder(data, join(folder, 'made'), 3, nodeEnv())).rejects.toMatchObject({ code: 'DATA_LOCKED' });
    lock.release();
    await expect(takeToFolder(folder, join(folder, 'made'), 3, nodeEnv())).rejects.toMatchObject({
      code: 'DATA_UNAVAILABLE',
    });
    await expect(takeToFolder(data, data, 3, nodeEnv())).rejects.toMatchObject({ code: 'IMPORT_REFUSED' });
    expect(readdirSync(folder)).toEqual(['data']);
  });

  test('a folder that was begun and not ended is in nobody’s way, and is begun anew', async () => {
    const folder = newFolder();
    const data = join(folder, 'data');
    const node = await open({ app, module, data, executors: 1 });
    expect(await node.run(app.echo, 1)).toBe(1);
    await node.close();
    const made = join(folder, 'made');
    mkdirSync(join(`${made}.import`, 'made'), { recursive: true });
    mkdirSync(join(`${made}.import`, 'copy'), { recursive: true });
    writeFileSync(join(`${made}.import`, 'made', 'format.json'), 'half');
    expect(await takeToFolder(data, made, 4, nodeEnv())).toMatchObject({ tasks: 1, partitions: 4 });
    expect(existsSync(`${made}.import`)).toBe(false);
    const there = await openFolder(made, 'error');
    expect(await there.list()).toMatchObject([{ name: 'echo', state: 'completed' }]);
    await there.close();
  });
});
