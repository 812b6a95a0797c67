/** P5: what is found when a log is opened after a crash is either a torn tail, which is cut, or damage, which is reported. */
import { expect, it } from 'vitest';
import { frameAlignBytes } from './frame.ts';
import { LogWorld } from './log-world.fixture.ts';

/** Opens the log as it is; its contents, or the error's code and details. */
const outcome = async (world: LogWorld): Promise<unknown> => {
  try {
    await world.reopen();
    return await world.contents();
  } catch (error) {
    const { code, details } = error as { code?: string; details?: unknown };
    return { code, details };
  }
};

const big = (letter: string): string => letter.repeat(3 * frameAlignBytes - 200);

/** A log of two acknowledged records and one of three blocks that was being written; `at`: where the latter begins. */
const withLastWrite = async (): Promise<{ world: LogWorld; file: string; whole: Buffer; at: number }> => {
  const world = await LogWorld.open();
  await world.append('one');
  await world.append('two');
  const at = 2 * frameAlignBytes;
  await world.append(big('3'));
  world.disk.crash('power');
  const [file] = world.segments();
  return { world, file: file!, whole: Buffer.from(world.disk.content(file!)), at };
};

it('cuts a last write that is torn at any byte, and keeps all that was acknowledged before it (P5)', async () => {
  const { world, file, whole, at } = await withLastWrite();
  const length = big('3').length + 68;
  const steps = [...Array(80).keys(), ...Array.from({ length: 60 }, (_, step) => 80 + step * 199)];
  for (const kept of steps.filter((one) => one < length)) {
    for (const rest of ['zeros', 'nothing', 'an older life'] as const) {
      const torn = Buffer.from(whole);
      torn.fill(rest === 'zeros' ? 0 : 0xc3, at + kept);
      world.disk.replace(file, rest === 'nothing' ? torn.subarray(0, at + kept) : torn);
      expect(await outcome(world), `${kept} bytes of it, then ${rest}`).toEqual(['one', 'two']);
    }
  }
}, 20_000);

it('cuts a last write of which any block is missing, though later blocks are whole (P5)', async () => {
  const { world, file, whole, at } = await withLastWrite();
  for (let missing = 1; missing < 8; missing++) {
    const torn = Buffer.from(whole);
    for (let block = 0; block < 3; block++) {
      if (missing & (1 << block)) torn.fill(0, at + block * frameAlignBytes, at + (block + 1) * frameAlignBytes);
    }
    world.disk.replace(file, torn);
    expect(await outcome(world), `blocks ${missing.toString(2)}`).toEqual(['one', 'two']);
  }
});

it('cuts a last write whose blocks stand in another order (P5)', async () => {
  const { world, file, whole, at } = await withLastWrite();
  const blocks = [0, 1, 2].map((block) =>
    whole.subarray(at + block * frameAlignBytes, at + (block + 1) * frameAlignBytes),
  );
  for (const order of [
    [1, 0, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    world.disk.replace(file, Buffer.concat([whole.subarray(0, at), ...order.map((block) => blocks[block]!)]));
    expect(await outcome(world)).toEqual(['one', 'two']);
  }
});

it('writes over a torn tail, so that nothing of it comes back (P5)', async () => {
  const { world, file, whole, at } = await withLastWrite();
  const torn = Buffer.from(whole);
  torn.fill(0, at, at + frameAlignBytes);
  world.disk.replace(file, torn);
  await world.reopen();
  await world.append('three');
  world.disk.crash('power');
  expect(await outcome(world)).toEqual(['one', 'two', 'three']);
});

it('keeps a whole last write, and it stays though the opener loses power at once', async () => {
  const { world } = await withLastWrite();
  expect(await outcome(world)).toEqual(['one', 'two', big('3')]);
  world.disk.crash('power');
  expect(await outcome(world)).toEqual(['one', 'two', big('3')]);
});

it('reports any flipped bit in what was acknowledged before the last write, with file and offset (P5)', async () => {
  const { world, file, whole } = await withLastWrite();
  // Each byte of the frames that carry 'one' and 'two': header, entry, body.
  for (const frame of [0, frameAlignBytes]) {
    for (let at = frame; at < frame + 71; at++) {
      const bad = Buffer.from(whole);
      bad[at]! ^= 1 << (at % 8);
      world.disk.replace(file, bad);
      expect(await outcome(world), `byte ${at}`).toEqual({ code: 'LOG_DAMAGED', details: { file, offset: frame } });
    }
  }
});

it('vouches for the last record of a log that falls quiet, so that a bit flipped in it is damage (P5)', async () => {
  const world = await LogWorld.open();
  await world.append('one');
  await world.append('last');
  const before = world.writes.length;
  world.env.advance(49);
  expect(world.writes.length).toBe(before);
  // The timer was set for the first record, and runs once more for the second.
  world.env.advance(1);
  world.env.advance(50);
  expect(world.writes.length).toBe(before + 1);
  world.env.advance(1_000);
  expect(world.writes.length).toBe(before + 1);
  world.disk.crash('power');
  const [file] = world.segments();
  const whole = Buffer.from(world.disk.content(file!));
  for (let at = frameAlignBytes; at < frameAlignBytes + 72; at++) {
    const bad = Buffer.from(whole);
    bad[at]! ^= 0x10;
    world.disk.replace(file!, bad);
    const details = { file, offset: frameAlignBytes };
    expect(await outcome(world), `byte ${at}`).toEqual({ code: 'LOG_DAMAGED', details });
  }
});

it('vouches for the last record when it is closed', async () => {
  const world = await LogWorld.open();
  await world.append('last');
  await world.physical.close();
  const [file] = world.segments();
  world.disk.content(file!)[70]! ^= 1;
  expect(await outcome(world)).toEqual({ code: 'LOG_DAMAGED', details: { file, offset: 0 } });
});

it('reports a segment that is missing or cut short, wherever a later one tells of it', async () => {
  const world = await LogWorld.open();
  const letters = [...'abcdefgh'];
  for (const letter of letters) await world.append(letter.repeat(40_000));
  await world.physical.close();
  const files = world.segments().filter((file) => world.disk.content(file).includes('TTF1'));
  expect(files.length).toBeGreaterThanOrEqual(3);
  for (const [number, file] of files.slice(0, -1).entries()) {
    const whole = Buffer.from(world.disk.content(file));
    for (const kept of [0, 50_000, 90_000]) {
      world.disk.replace(file, whole.subarray(0, kept));
      const details = {
        file: kept > 0 || number === 0 ? expect.any(String) : files[number - 1],
        offset: expect.any(Number),
      };
      expect(await outcome(world), `${kept} bytes of segment ${number}`).toEqual({ code: 'LOG_DAMAGED', details });
    }
    world.disk.replace(file, whole);
  }
  expect(await outcome(world)).toEqual(letters.map((letter) => letter.repeat(40_000)));
});

it('reports damage that comes while the log is open, when it is read', async () => {
  const world = await LogWorld.open();
  await world.append('one', 'two');
  const [file] = world.segments();
  const at = world.disk.content(file!).indexOf('two');
  world.disk.content(file!)[at]! ^= 1;
  expect((await world.log().read(1, 1)).length).toBe(1);
  await expect(world.log().read(1)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file, offset: at } });
  await expect(world.log().read(2)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file, offset: at } });
});

it('is not misled by records that contain frames of the same log', async () => {
  const world = await LogWorld.open();
  await world.append('one');
  const [file] = world.segments();
  const frames = Buffer.from(world.disk.content(file!).subarray(0, 2 * frameAlignBytes));
  // Placed so that a copied frame lies on a boundary where frames begin.
  const record = Buffer.concat([Buffer.alloc(frameAlignBytes - 68), frames]);
  await world.append(record);
  world.disk.crash('power');
  const whole = Buffer.from(world.disk.content(file!));
  const torn = Buffer.from(whole);
  torn[frameAlignBytes + 20]! ^= 1;
  world.disk.replace(file!, torn);
  expect(await outcome(world)).toEqual(['one']);
});

it('reports damage in a frame that stands twice, also where nothing vouches for the one behind it', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const world = await LogWorld.open({}, seed);
    await world.append('one');
    await world.settle();
    let left = 1;
    // The kernel may go on showing all of it.
    world.disk.failWrite = () => (left-- > 0 ? 'EIO' : undefined);
    await world.append('two');
    await world.append('three');
    world.disk.crash('kill');
    const file = world.segments().find((name) => world.disk.content(name).includes('three'))!;
    world.disk.content(file)[20]! ^= 1;
    expect(await outcome(world), `seed ${seed}`).toEqual({ code: 'LOG_DAMAGED', details: { file, offset: 0 } });
  }
});
