/**
 * Random appends over several logical logs, with kills, power losses, failing writes and full disks at random places,
 * against the simplest model: what was acknowledged, and what was sent.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Log } from '../engine.ts';
import { FaultyDisk, seededPick } from './faulty-files.fixture.ts';
import { type ManualEnv, manualEnv } from './manual-env.fixture.ts';
import { openPhysicalLog, type PhysicalLog } from './physical-log.ts';

const folder = '/log';
const logCount = 3;
const settings = {
  segmentBytes: 128 * 1024,
  zeroAheadBytes: 16 * 1024,
  recordBytesMax: 100_000,
  frameBytesTarget: 24 * 1024,
};

/** A logical log as it must be: contents sent by position, and up to where they were acknowledged. */
class Model {
  readonly sent = new Map<number, Buffer>();
  acknowledged = 0;
  trimmed = 1;

  /** What a new opener found there. */
  async check(log: Log, name: string): Promise<void> {
    const start = await log.start();
    const end = await log.end();
    expect(end, `${name}: end`).toBeGreaterThanOrEqual(this.acknowledged);
    expect(start, `${name}: start`).toBeLessThanOrEqual(Math.max(1, this.trimmed));
    let position = start;
    while (position <= end) {
      for (const { position: at, bytes } of await log.read(position, 50_000)) {
        expect(at).toBe(position);
        const sent = this.sent.get(position);
        if (!sent || Buffer.compare(bytes, sent) !== 0)
          throw new Error(`${name}: position ${position} has other bytes`);
        position++;
      }
    }
    expect(await log.read(end + 1)).toEqual([]);
    for (const sent of this.sent.keys()) if (sent > end) this.sent.delete(sent);
    // What was read by somebody must not vanish any more, whether or not its sender heard of it.
    this.acknowledged = end;
  }
}

class World {
  readonly disk: FaultyDisk;
  readonly env: ManualEnv;
  readonly models = Array.from({ length: logCount }, () => new Model());
  physical: PhysicalLog | undefined;
  opens = 0;

  constructor(seed: number) {
    this.disk = new FaultyDisk(seededPick(seed));
    this.env = manualEnv(seed);
  }

  /** Opens the log in a new process, again if that crashes as well, and compares it with the model. */
  async open(): Promise<void> {
    this.opens++;
    this.disk.failWrite = () => undefined;
    this.disk.capacityBytes = Number.POSITIVE_INFINITY;
    this.physical = await openPhysicalLog(this.disk.start(), folder, { env: this.env, ...settings });
    for (const [number, model] of this.models.entries()) await model.check(this.physical.log(number), `log ${number}`);
  }

  append(number: number, sizeBytes: number): void {
    const model = this.models[number]!;
    const position = (this.models[number]!.sent.size === 0 ? model.acknowledged : Math.max(...model.sent.keys())) + 1;
    const bytes = Buffer.alloc(sizeBytes, `${number}:${position}:${this.opens};`);
    model.sent.set(position, bytes);
    void this.physical!.log(number)
      .append(bytes, position - 1)
      .then((result) => {
        if (result.kind === 'appended') {
          expect(result.position).toBe(position);
          model.acknowledged = Math.max(model.acknowledged, position);
        } else if (result.kind === 'occupied') throw new Error(`log ${number}: ${position} is occupied`);
      });
  }

  /** Lets everything that can happen happen. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

type Step = (world: World) => Promise<void> | void;

const bytes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 600 }) },
  { weight: 3, arbitrary: fc.integer({ min: 600, max: 9_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 100_000 }) },
);
const someLog = fc.nat({ max: logCount - 1 });

const appends: fc.Arbitrary<Step> = fc
  .array(fc.tuple(someLog, bytes), { minLength: 1, maxLength: 12 })
  .map((all) => (world) => {
    for (const [number, size] of all) world.append(number, size);
  });
const settle: fc.Arbitrary<Step> = fc.constant((world) => world.settle());
const turn: fc.Arbitrary<Step> = fc.constant(() => new Promise((resolve) => setImmediate(resolve)));
const passTime: fc.Arbitrary<Step> = fc.constantFrom(60, 600).map((ms) => (world) => world.env.advance(ms));
const trim: fc.Arbitrary<Step> = fc.tuple(someLog, fc.nat({ max: 6 })).map(([number, behind]) => async (world) => {
  const log = world.physical!.log(number);
  const upTo = (await log.end()) - behind;
  if (upTo < 1) return;
  world.models[number]!.trimmed = Math.max(world.models[number]!.trimmed, upTo);
  await log.trim(upTo);
});
const failing: fc.Arbitrary<Step> = fc
  .tuple(fc.nat({ max: 4 }), fc.constantFrom('EIO', 'ENOSPC'))
  .map(([count, code]) => (world) => {
    let left = count;
    world.disk.failWrite = () => (left-- > 0 ? code : undefined);
  });
const full: fc.Arbitrary<Step> = fc.constantFrom(0, 200_000, Number.POSITIVE_INFINITY).map((more) => (world) => {
  world.disk.capacityBytes = world.disk.names().reduce((sum, name) => sum + world.disk.content(name).length, more);
});
const kind = fc.constantFrom('kill' as const, 'power' as const);
const crash: fc.Arbitrary<Step> = kind.map((how) => async (world) => {
  world.disk.crash(how);
  await world.open();
});
const crashLater: fc.Arbitrary<Step> = fc.tuple(kind, fc.nat({ max: 30 })).map(([how, calls]) => (world) => {
  world.disk.crashKind = how;
  world.disk.crashAfterCalls = calls;
});
const crashWhileOpening: fc.Arbitrary<Step> = fc
  .tuple(kind, fc.nat({ max: 40 }))
  .map(([how, calls]) => async (world) => {
    const files = world.disk.start();
    world.disk.crashKind = how;
    world.disk.crashAfterCalls = calls;
    const opening = openPhysicalLog(files, folder, { env: world.env, ...settings });
    await Promise.race([opening, world.disk.crashed(), world.settle()]);
    world.disk.crash(how);
    await world.open();
  });
const closeAndOpen: fc.Arbitrary<Step> = fc.constant(async (world) => {
  await Promise.race([world.physical!.close(), world.disk.crashed()]);
  await world.open();
});

const step = fc.oneof(
  { weight: 8, arbitrary: appends },
  { weight: 4, arbitrary: settle },
  { weight: 3, arbitrary: turn },
  { weight: 2, arbitrary: passTime },
  { weight: 3, arbitrary: trim },
  { weight: 1, arbitrary: failing },
  { weight: 1, arbitrary: full },
  { weight: 1, arbitrary: crash },
  { weight: 1, arbitrary: crashLater },
  { weight: 1, arbitrary: crashWhileOpening },
  { weight: 1, arbitrary: closeAndOpen },
);

it('keeps every acknowledged record and shows no other bytes, whatever crashes and fails (P5, P6)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(step, { minLength: 5, maxLength: 60 }), async (seed, steps) => {
      const world = new World(seed);
      await world.open();
      for (const run of steps) {
        await run(world);
        if (world.disk.ended) await world.open();
      }
      world.disk.crash('power');
      await world.open();
    }),
    { timeout: 20_000, numRuns: 150 },
  );
});
