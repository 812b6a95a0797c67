import { expect, it } from 'vitest';
import { LogWorld } from './log-world.fixture.ts';

const recordBytes = 20_000;

/** Appends to log 0 and keeps only its last few records, as one that takes checkpoints does. */
const runBusyLog = async (world: LogWorld, count: number): Promise<void> => {
  for (let index = 0; index < count; index++) {
    const after = await world.log().end();
    await world.log().append(Buffer.alloc(recordBytes, `${after + 1};`), after);
    await world.log().trim(after - 3);
  }
  await world.settle();
};

it('gives up segments that nothing needs, and uses their files again', async () => {
  const world = await LogWorld.open();
  await runBusyLog(world, 200);
  expect(world.disk.names().length).toBeLessThanOrEqual(6);
  expect(await world.log().start()).toBe(196);
  world.disk.crash('power');
  await world.reopen();
  expect(await world.log().end()).toBe(200);
  expect(await world.log().start()).toBeLessThanOrEqual(196);
  expect((await world.contents()).at(-1)!.startsWith('200;200;')).toBe(true);
  expect(world.events()).not.toContain('log.clean_failed');
});

it('never takes for new what a file held in an earlier life', async () => {
  const world = await LogWorld.open();
  for (let round = 0; round < 12; round++) {
    await runBusyLog(world, 17);
    const end = await world.log().end();
    world.disk.crash(round % 2 === 0 ? 'power' : 'kill');
    await world.reopen();
    expect(await world.log().end()).toBe(end);
  }
});

it('carries the old records of a quiet log over, same bytes, same positions, instead of holding all segments for them', async () => {
  const world = await LogWorld.open();
  const quiet = ['q1', 'q2', 'q3'];
  for (const [after, content] of quiet.entries()) await world.log(5).append(Buffer.from(content), after);
  await world.log(9).append(Buffer.alloc(0), 0);
  await runBusyLog(world, 300);
  expect(world.disk.names().length).toBeLessThanOrEqual(7);
  expect(world.events()).toContain('log.carried');
  expect(await world.contents(5)).toEqual(quiet);
  for (const how of ['power', 'kill'] as const) {
    world.disk.crash(how);
    await world.reopen();
    expect(world.physical.logs()).toEqual([0, 5, 9]);
    expect(await world.contents(5)).toEqual(quiet);
    expect(await world.contents(9)).toEqual(['']);
  }
  await world.log(5).trim(3);
  await world.log(5).append(Buffer.from('q4'), 3);
  await runBusyLog(world, 100);
  world.disk.crash('power');
  await world.reopen();
  expect((await world.contents(5)).slice(-2)).toEqual(['q3', 'q4']);
});

it('keeps a large log that is not trimmed, without carrying it about for nothing', async () => {
  const world = await LogWorld.open();
  for (let after = 0; after < 60; after++) await world.log(1).append(Buffer.alloc(recordBytes, after), after);
  const written = world.writes.length;
  await runBusyLog(world, 60);
  const carried = world.env.emitted.filter(({ name }) => name === 'log.carried').length;
  expect(carried).toBeLessThanOrEqual(12);
  expect(world.writes.length - written).toBeLessThan(600);
  world.disk.crash('power');
  await world.reopen();
  expect(await world.log(1).end()).toBe(60);
  expect(await world.log(1).start()).toBe(1);
});

it('loses no spare file when segments are given up while the next one is being made', async () => {
  for (let seed = 0; seed < 5; seed++) {
    const world = await LogWorld.open({ syncWriteBytesMax: seed % 2 === 0 ? 0 : 4096 }, seed);
    for (let round = 0; round < 60; round++) {
      const after = await world.log().end();
      const sizes = [1 + (seed % 3), 4, 6].flatMap((count) => Array.from({ length: count }, () => recordBytes));
      await Promise.all(sizes.map((size, index) => world.log().append(Buffer.alloc(size, index), after + index)));
      await world.log().trim(after);
      for (let turn = 0; turn < (round * 7 + seed) % 9; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(world.events()).not.toContain('log.prepare_failed');
    expect(world.physical.stalled).toBeUndefined();
    for (const file of world.segments()) expect(world.disk.content(file).length).toBeLessThanOrEqual(128 * 1024);
  }
});

it('reports segments that are missing at the beginning, and does not miss those that were given up', async () => {
  const world = await LogWorld.open();
  await runBusyLog(world, 100);
  await world.physical.close();
  const [oldest] = world.segments().filter((file) => world.disk.content(file).includes('TTF1'));
  await world.reopen();
  expect(await world.log().end()).toBe(100);
  await world.physical.close();
  const files = world.disk.start();
  await files.remove(oldest!);
  await expect(world.reopen()).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
});

it('reports a first segment that is missing, also when it held all that some logs had', async () => {
  const world = await LogWorld.open();
  // Six of them fill the first segment.
  for (let after = 0; after < 6; after++) await world.log(5).append(Buffer.alloc(recordBytes, after), after);
  for (let after = 0; after < 5; after++) await world.log(6).append(Buffer.alloc(recordBytes, after), after);
  await world.physical.close();
  const [first, second] = world.segments();
  expect(world.disk.content(second!).indexOf('TTF1')).toBe(0);
  // What is left is a log 6 without a gap, were it not for the frames that it does not begin with.
  const files = world.disk.start();
  await files.remove(first!);
  await expect(world.reopen()).rejects.toThrow(/frames from 1 to 6 are missing/);
});

it('does not bring back a record that was trimmed while it was being carried', async () => {
  const world = await LogWorld.open({ syncWriteBytesMax: 0 });
  const count = 2_000;
  await Promise.all(Array.from({ length: count }, (_, after) => world.log(5).append(Buffer.alloc(40, after), after)));
  let busy = true;
  const running = runBusyLog(world, 60).finally(() => {
    busy = false;
  });
  for (let upTo = 1; busy; upTo++) {
    await world.log(5).trim(upTo);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await world.log(5).start()).toBe(Math.min(upTo, count));
  }
  await running;
  expect(world.events()).toContain('log.carried');
  expect(world.events()).not.toContain('log.clean_failed');
});

it('goes on carrying when what it reads is trimmed under it', async () => {
  for (let start = 1; start < 20; start++) {
    const world = await LogWorld.open();
    for (let after = 0; after < 40; after++) {
      await world.log(5).append(Buffer.from(`q${after + 1}`), after);
      await world.log().append(Buffer.alloc(recordBytes, after), after);
    }
    await world.log().trim(40);
    for (let turn = 0; turn < start; turn++) await new Promise((resolve) => setImmediate(resolve));
    await world.log(5).trim(39);
    await world.settle();
    await world.settle();
    expect(world.events()).not.toContain('log.clean_failed');
    expect(await world.contents(5)).toEqual(['q39', 'q40']);
    expect(world.segments().length).toBeLessThanOrEqual(4);
  }
});

it('gives up nothing before it has durably said so', async () => {
  const world = await LogWorld.open();
  for (let after = 0; after < 30; after++) await world.log().append(Buffer.alloc(recordBytes, after), after);
  const segments = world.segments();
  world.disk.failWrite = () => 'EIO';
  await world.log().trim(30);
  await world.settle();
  expect(world.physical.stalled).toEqual({ code: 'EIO' });
  expect(world.segments()).toEqual(expect.arrayContaining([...segments.slice(0, -1)]));
  world.disk.failWrite = () => undefined;
  world.disk.crash('power');
  await world.reopen();
  expect(await world.log().end()).toBe(30);
});

it('goes on with giving up where a crash interrupted it', async () => {
  for (let calls = 0; calls < 60; calls++) {
    const world = await LogWorld.open(calls % 3 === 0 ? { syncWriteBytesMax: 0 } : {}, calls);
    await world.log(5).append(Buffer.from('quiet'), 0);
    for (let after = 0; after < 26; after++) await world.log().append(Buffer.alloc(recordBytes, after), after);
    await world.log().trim(26);
    world.disk.crashKind = calls % 2 === 0 ? 'kill' : 'power';
    world.disk.crashAfterCalls = calls;
    if (calls % 4 === 1) world.disk.failWrite = () => 'EIO';
    await Promise.race([world.disk.crashed(), world.settle()]);
    world.disk.crash('power');
    world.disk.failWrite = () => undefined;
    await world.reopen();
    expect(await world.contents(5)).toEqual(['quiet']);
    expect(await world.log().end()).toBe(26);
    const start = await world.log().start();
    await world.settle();
    if (start === 26) expect(world.segments().length).toBeLessThanOrEqual(4);
    await runBusyLog(world, 40);
    expect(world.disk.names().length).toBeLessThanOrEqual(7);
  }
});

it.each(['rename', 'sync'] as const)('gives up no segment before an older one whose %s failed', async (step) => {
  for (let seed = 0; seed < 120; seed++) {
    const world = await LogWorld.open({}, seed);
    for (let after = 0; after < 30; after++) await world.log().append(Buffer.alloc(recordBytes, after), after);
    await world.settle();
    world.disk.failName = (name) => (name.endsWith('.free') === (step === 'rename') ? 'EIO' : undefined);
    await world.log().trim(25);
    await world.settle();
    expect(world.events()).toContain('log.clean_failed');
    // That a segment is made ready beside it must not sync the folder in its place.
    world.disk.failName = (name) => (name.endsWith('.seg') ? 'EIO' : undefined);
    await world.log().trim(30);
    for (let turn = 0; turn < 2 + (seed % 4); turn++) await new Promise((resolve) => setImmediate(resolve));
    world.disk.crash('power');
    world.disk.failName = () => undefined;
    await world.reopen();
    expect(await world.log().end()).toBe(30);
  }
});
