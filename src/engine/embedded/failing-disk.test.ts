/** P6 and full disks: what the log does when writes fail. */
import { expect, it } from 'vitest';
import type { AppendResult } from '../engine.ts';
import { LogWorld } from './log-world.fixture.ts';

/** Makes the next `count` writes fail, of those that `which` names. */
const fail = (world: LogWorld, count: number, code: string, which = (_file: string): boolean => true): void => {
  let left = count;
  world.disk.failWrite = (file) => (which(file) && left-- > 0 ? code : undefined);
};

it('never writes to a file again after a write to it failed; the same bytes go elsewhere before they count (P6)', async () => {
  for (const size of [10, 30_000]) {
    const world = await LogWorld.open();
    await world.append('one');
    const [first] = world.segments();
    await world.settle();
    fail(world, 1, 'EIO');
    const before = world.writes.length;
    expect(await world.append('2'.repeat(size))).toEqual([{ kind: 'appended', position: 2 }]);
    expect(await world.append('three')).toEqual([{ kind: 'appended', position: 3 }]);
    world.env.advance(1_000);
    await world.settle();
    const files = world.writes.slice(before).map(({ file }) => file);
    expect(files[0]).toBe(first);
    expect(files.slice(1).length).toBeGreaterThanOrEqual(2);
    expect(files.slice(1)).not.toContain(first);
    for (const how of ['kill', 'power'] as const) {
      world.disk.crash(how);
      await world.reopen();
      expect(await world.contents()).toEqual(['one', '2'.repeat(size), 'three']);
    }
  }
});

it('acknowledges nothing that only a failed write holds, though readers of the file would see it (P6)', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const world = await LogWorld.open({}, seed);
    await world.append('one');
    world.disk.failWrite = () => 'EIO';
    const results: AppendResult[] = [];
    void world
      .log()
      .append(Buffer.from('two'), 1)
      .then((result) => results.push(result));
    await world.settle();
    expect(results).toEqual([]);
    expect(await world.log().end()).toBe(1);
    expect(await world.log().read(2)).toEqual([]);
    world.disk.failWrite = () => undefined;
    // Whether the next process finds it is chance; if it does, it stays, also when the power fails then.
    world.disk.crash('kill');
    await world.reopen();
    const found = await world.contents();
    expect(found[0]).toBe('one');
    world.disk.crash('power');
    await world.reopen();
    expect(await world.contents()).toEqual(found);
  }
});

it('waits while the disk is full, says so, loses nothing, and goes on when there is room again', async () => {
  const world = await LogWorld.open();
  await world.append('one');
  await world.settle();
  world.disk.capacityBytes = 0;
  const results: AppendResult[] = [];
  const sent = Array.from({ length: 30 }, (_, index) => String.fromCharCode(65 + index).repeat(20_000));
  for (const [index, content] of sent.entries()) {
    void world
      .log()
      .append(Buffer.from(content), 1 + index)
      .then((result) => results.push(result));
  }
  await world.settle();
  const done = results.length;
  expect(done).toBeLessThan(sent.length);
  expect(world.physical.stalled).toEqual({ code: 'ENOSPC' });
  expect(world.events()).toContain('log.stalled');
  for (let tries = 0; tries < 20; tries++) {
    world.env.advance(500);
    await world.settle();
  }
  expect(results.length).toBe(done);
  expect(world.events().filter((name) => name === 'log.stalled')).toHaveLength(1);
  // Trying again leaves no heap of files behind.
  expect(world.disk.names().length).toBeLessThanOrEqual(3);

  world.disk.capacityBytes = Number.POSITIVE_INFINITY;
  world.env.advance(500);
  for (let turn = 0; turn < 5; turn++) await world.settle();
  expect(world.physical.stalled).toBeUndefined();
  expect(world.events().at(-1)).toBe('log.resumed');
  expect(results).toEqual(sent.map((_, index) => ({ kind: 'appended', position: index + 2 })));
  world.disk.crash('power');
  await world.reopen();
  expect(await world.contents()).toEqual(['one', ...sent]);
});

it('keeps what was acknowledged when it is killed while the disk is full', async () => {
  const world = await LogWorld.open();
  await world.append('one', 'two');
  await world.settle();
  world.disk.capacityBytes = 0;
  for (let index = 0; index < 10; index++) void world.log().append(Buffer.alloc(50_000), 2 + index);
  await world.settle();
  const end = await world.log().end();
  world.disk.crash('power');
  world.disk.capacityBytes = Number.POSITIVE_INFINITY;
  await world.reopen();
  expect(await world.log().end()).toBeGreaterThanOrEqual(end);
  expect((await world.contents()).slice(0, 2)).toEqual(['one', 'two']);
});

it('goes on in the segment when only filling it with zeros fails', async () => {
  const world = await LogWorld.open({ zeroAheadBytes: 64 * 1024, segmentBytes: 1024 * 1024 });
  let length = 0;
  world.disk.failWrite = (_file, _at, written) => (written > length + 4096 ? 'ENOSPC' : undefined);
  for (let index = 0; index < 60; index++) {
    length = 10_000;
    await world.append(String(index).repeat(5_000).slice(0, 10_000));
  }
  expect(world.segments()).toHaveLength(1);
  expect(world.events()).not.toContain('log.write_failed');
  world.disk.crash('power');
  await world.reopen();
  expect(await world.log().end()).toBe(60);
});

it('gives up what waits when it is closed while it is stalled', async () => {
  const world = await LogWorld.open();
  world.disk.failWrite = () => 'EIO';
  const waiting = [0, 1, 2].map((after) => world.log().append(Buffer.alloc(10_000), after));
  await world.settle();
  expect(world.physical.stalled).toEqual({ code: 'EIO' });
  await world.physical.close();
  for (const result of await Promise.all(waiting)) expect(result.kind).toBe('unknown');
  expect(await world.log().append(Buffer.from('late'), 3)).toMatchObject({
    kind: 'unknown',
    cause: { code: 'CLOSED' },
  });
});

it('opens a log whose last write failed, on a disk that fails at first', async () => {
  const world = await LogWorld.open();
  await world.append('one', 'two');
  world.disk.crash('kill');
  fail(world, 1, 'EIO');
  await world.reopen();
  expect(await world.contents()).toEqual(['one', 'two']);
  await world.append('three');
  world.disk.crash('power');
  await world.reopen();
  expect(await world.contents()).toEqual(['one', 'two', 'three']);
});

it('opens a log whose first frame stands twice, as all before it was given up and a write of it had failed', async () => {
  const world = await LogWorld.open();
  const big = (letter: string): string => letter.repeat(100_000);
  for (const letter of 'abc') await world.append(big(letter));
  const third = world.segments()[2]!;
  world.disk.crash('kill');
  fail(world, 1, 'EIO', (file) => file === third);
  await world.reopen();
  // The second one begins at the same frame, and cannot be given up for now.
  world.disk.failName = (name) => (name === third ? 'EIO' : undefined);
  await world.append('d');
  await world.log().trim(4);
  await world.settle();
  expect(world.segments()[0]).toBe(third);
  world.disk.failName = () => undefined;
  world.disk.crash('kill');
  await world.reopen();
  expect(await world.contents()).toEqual(['d']);
});

it('is not misled by a segment that comes back, because its removal was not synced when the process was killed', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const world = await LogWorld.open({}, seed);
    await world.append('one');
    await world.settle();
    let left = 2;
    world.disk.failWrite = () => (left-- > 0 ? 'EIO' : undefined);
    // What had failed is removed, and nothing new can be made, which would sync the folder.
    world.disk.failName = (name) => (left <= 0 && !world.disk.names().includes(name) ? 'EIO' : undefined);
    void world.append('two');
    await world.settle();
    world.env.advance(500);
    await world.settle();
    world.disk.crash('kill');
    world.disk.failName = () => undefined;
    await world.reopen();
    await world.append('three');
    await world.append('four');
    const contents = await world.contents();
    world.disk.crash('power');
    await world.reopen();
    expect(await world.contents(), `seed ${seed}`).toEqual(contents);
  }
});
