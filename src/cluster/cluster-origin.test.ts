import { expect, test } from 'vitest';
import { memoryFiles } from '../engine/embedded/memory-files.ts';
import { openPhysicalLog } from '../engine/embedded/physical-log.ts';
import type { AppendResult, Log } from '../engine/engine.ts';
import { nodeEnv } from '../platform/node.ts';
import { ScriptedCluster } from './cluster.fixture.ts';
import { newClusterMap } from './cluster-map.ts';
import { type Begun, beginOrigin, endOrigin } from './cluster-origin.ts';
import { MapLog } from './map-log.ts';

const settings = { partitions: 2, standbys: 1, movesMax: 1 };
const newLog = async (): Promise<Log> => (await openPhysicalLog(memoryFiles(), 'log', { env: nodeEnv() })).log(0);
const empty = async (): Promise<void> => undefined;

/** One process that takes a folder. */
const taker = (log: Log, id: string, folder = 'f') => {
  const maps = new MapLog(log, 16);
  const options = { maps, folder, newClusterId: id, featureLevel: 1, settings };
  return {
    begin: (mayBegin = empty) => beginOrigin(options, mayBegin),
    end: (begun: Begun | undefined) => endOrigin(maps, (begun as Begun).map),
  };
};

const refused = expect.objectContaining({ code: 'IMPORT_REFUSED' });

test('a cluster is begun, and open when all is there; taken again, the same folder changes nothing', async () => {
  const log = await newLog();
  const one = taker(log, 'one');
  const begun = await one.begin();
  expect(begun).toMatchObject({ again: false, map: { version: 1, members: [], settings } });
  expect((await new MapLog(log, 16).read())?.origin).toEqual({ folder: 'f', taken: false });
  await one.end(begun);
  expect(await new MapLog(log, 16).read()).toMatchObject({
    version: 2,
    clusterId: 'one',
    origin: { folder: 'f', taken: true },
  });
  expect(await taker(log, 'two').begin()).toBeUndefined();
  await expect(taker(log, 'two', 'g').begin()).rejects.toEqual(refused);
});

test('of two that do it at once the later one ends, the earlier one cannot (O1)', async () => {
  const log = await newLog();
  const [one, two] = [taker(log, 'one'), taker(log, 'two')];
  const first = await one.begin();
  const second = await two.begin();
  expect(second?.again).toBe(true);
  await expect(one.end(first)).rejects.toEqual(refused);
  await two.end(second);
  expect(await new MapLog(log, 16).read()).toMatchObject({ clusterId: 'two', origin: { taken: true } });
});

test('one that was interrupted is begun anew with its folder and its partitions, and with no other (O2)', async () => {
  const log = await newLog();
  await taker(log, 'one').begin();
  await expect(taker(log, 'two', 'g').begin()).rejects.toEqual(refused);
  const notAsked = async (): Promise<void> => {
    throw new Error('what an earlier try has written is no reason to refuse');
  };
  expect(await taker(log, 'two').begin(notAsked)).toMatchObject({ again: true, map: { version: 2, settings } });
});

test('a cluster that was made without one takes none, nor does one that holds something and has no map', async () => {
  const log = await newLog();
  await new MapLog(log, 16).append({ ...newClusterMap('c', 1, settings), version: 1 });
  await expect(taker(log, 'one').begin()).rejects.toEqual(refused);
  const holds = async (): Promise<void> => {
    throw new Error('it holds something');
  };
  const other = await newLog();
  await expect(taker(other, 'one').begin(holds)).rejects.toThrow('it holds something');
  expect(await other.end()).toBe(0);
});

test('what an append was not answered is found by reading', async () => {
  const log = await newLog();
  let unknown = 2;
  const quiet: Log = {
    shared: true,
    append: async (bytes, after): Promise<AppendResult> => {
      const result = await log.append(bytes, after);
      return unknown-- > 0 ? { kind: 'unknown' } : result;
    },
    read: (from) => log.read(from),
    end: () => log.end(),
    start: () => log.start(),
    trim: (upTo) => log.trim(upTo),
  };
  const one = taker(quiet, 'one');
  await one.end(await one.begin());
  expect(await new MapLog(log, 16).read()).toMatchObject({ version: 2, origin: { taken: true } });
});

test('no node takes part before all is there; then all do', () => {
  const cluster = new ScriptedCluster({ partitions: 2 });
  const begun = { ...newClusterMap('c', 1, settings), version: 1, origin: { folder: 'f', taken: false } };
  cluster.maps.push(begun);
  for (const id of ['n0', 'n1']) cluster.start(id);
  cluster.pass(60_000);
  expect(cluster.maps).toEqual([begun]);
  cluster.maps.push({ ...begun, version: 2, origin: { folder: 'f', taken: true } });
  cluster.pass(10_000);
  expect(cluster.map.members.map(({ id, state }) => `${id} ${state}`)).toEqual(['n0 up', 'n1 up']);
  expect(cluster.map.origin).toEqual({ folder: 'f', taken: true });
});
