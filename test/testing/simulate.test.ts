/** `tutti/testing` as tests of users call it: a thread of its own, with an app and scenarios that it imports itself. */
import { describe, expect, test } from 'vitest';
import { crashAtEveryStep, type SimulatedRun, type SimulateOptions, simulate } from '../../src/testing/index.ts';
import { settingsOf } from '../../src/testing/settings.ts';
import type { ToWorldThread } from '../../src/testing/thread-messages.ts';
import { Worlds } from '../../src/testing/worlds.ts';
import { decodeError, encodeValue } from '../../src/values/codec.ts';
import * as app from './app.fixture.ts';

const module = new URL('./app.fixture.ts', import.meta.url).href;
const scenarios = new URL('./scenarios.fixture.ts', import.meta.url).href;
const run = <Result>(name: string, input?: unknown, options?: SimulateOptions): Promise<SimulatedRun<Result>> =>
  simulate<Result>({ app, module }, { module: scenarios, name, input }, options);

const monthMs = 30 * 86_400_000;

describe('simulate', () => {
  test('lets a month pass, and gives what the scenario gave', async () => {
    const { result, virtualMs, seed, faults } = await run<{ days: number }>('month', 'Ada');
    expect(result).toEqual({ days: expect.closeTo(30, 3), greeted: 'Ada', letters: ['welcome Ada', 'remember Ada'] });
    expect(virtualMs).toBeGreaterThan(monthMs);
    expect(virtualMs).toBeLessThan(monthMs + 1_000);
    expect(seed).toBe('1');
    expect(Object.values(faults)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('gives the same run for the same seed, with and without faults, and another one for another seed', async () => {
    for (const faults of [false, true]) {
      const one = await run('many', 3, { seed: 5, faults });
      await run('many', 2, { seed: 6, faults });
      expect(await run('many', 3, { seed: 5, faults })).toEqual(one);
      expect((await run('many', 3, { seed: 7, faults })).digest).not.toBe(one.digest);
    }
  });

  test('gives the same run in a thread that has run nothing else', async () => {
    const { digest } = await run('many', 3, { seed: 5 });
    const subject = { kind: 'scenario', module: scenarios, name: 'many', input: encodeValue(3) } as const;
    const settings = settingsOf({ module }, { seed: 5 }, []);
    expect(await new Worlds().run({ settings, subject, scale: undefined })).toMatchObject({ facts: { digest } });
  });

  test('draws clock and chance from the seed', async () => {
    const one = await run('chance', undefined, { seed: 'a' });
    expect(await run('chance', undefined, { seed: 'a' })).toEqual(one);
    expect((await run('chance', undefined, { seed: 'b' })).result).not.toEqual(one.result);
  });

  test('draws faults of all kinds, and right apps give the right results under all of them', async () => {
    const total: Record<string, number> = {};
    for (let seed = 1; seed <= 60; seed++) {
      const { result, faults } = await run('many', 3, { seed, faults: true, partitions: 1 + (seed % 3) });
      expect(result).toEqual({
        letters: ['0', '1', '2'],
        sums: [285, 285, 285],
        sent: ['remember 0', 'remember 1', 'remember 2', 'welcome 0', 'welcome 1', 'welcome 2'],
      });
      for (const [kind, count] of Object.entries(faults)) total[kind] = (total[kind] ?? 0) + count;
    }
    expect(Object.values(total).every((count) => count >= 10)).toBe(true);
  });

  test('draws from the kinds that are asked for only', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { faults } = await run('many', 2, { seed, faults: ['power', 'log'] });
      expect(faults.power + faults.log).toBeGreaterThan(0);
      expect(faults).toMatchObject({ crash: 0, executor: 0, clock: 0, network: 0 });
    }
  });

  test.each([false, true])(
    'lets a scenario crash the node (power: %s) and end executors, and its client goes on',
    async (power) => {
      const { result, virtualMs } = await run('crashes', power);
      expect(result).toEqual({
        same: true,
        name: 'Ada',
        letters: ['welcome Ada', 'remember Ada'],
        events: [{ type: 'finished', ok: true, value: 'Ada' }],
      });
      expect(virtualMs).toBeLessThan(monthMs + 60_000);
    },
  );

  test('answers what was asked while the node went down', async () => {
    expect((await run('crashesUnderWay')).result).toEqual([328_350, undefined]);
  });

  test('tells whoever follows every line once and in order, whatever goes down', async () => {
    const lines = Array.from({ length: 20 }, (_, line) => `${line}`);
    for (let seed = 1; seed <= 30; seed++)
      expect((await run('follows', 20, { seed, faults: true })).result, `seed ${seed}`).toEqual({
        followed: lines,
        iterated: lines,
        ended: undefined,
        result: 20,
      });
  });

  test('cancels and lists', async () => {
    expect((await run('cancels')).result).toEqual(['cancelled']);
  });

  test('has virtual timers of every kind', async () => {
    const { result, virtualMs } = await run<number>('runs', 'waits');
    expect(result).toBe(4_000);
    expect(virtualMs).toBeLessThan(5_000);
  });

  test('begins each run with fresh modules', async () => {
    for (let time = 0; time < 2; time++) expect((await run('runs', 'countsItself')).result).toBe(1);
  });

  test('allows what gives the same each time', async () => {
    expect((await run('allowed')).result).toEqual([true, true, 64]);
  });

  test('lets a month pass in less than 50 ms, once the thread is there', async () => {
    await run('month', 'Ada');
    const times: number[] = [];
    for (let seed = 1; seed <= 30; seed++) {
      const began = performance.now();
      await run('month', 'Ada', { seed });
      times.push(performance.now() - began);
    }
    expect(times.toSorted((a, b) => a - b)[15]).toBeLessThan(50);
  });

  test('waits for what a task imports', async () => {
    const { result, virtualMs } = await run('runs', 'importsLater');
    expect(result).toBe(42);
    expect(virtualMs).toBeLessThan(1_000);
  });

  test('takes process.exit in a task for the end of its thread', async () => {
    expect((await run('runs', 'exitsOnce')).result).toBe(1);
  });

  test('ends a task at its timeout', async () => {
    await expect(run('runs', 'takesTooLong')).rejects.toMatchObject({
      code: 'SIMULATION_FAILED',
      cause: { code: 'TASK_TIMEOUT' },
    });
  });

  test('fails a task for what its code throws aside', async () => {
    await expect(run('runs', 'throwsAside')).rejects.toMatchObject({ cause: { cause: { message: 'thrown aside' } } });
  });
});

describe('what goes wrong', () => {
  test('in a scenario is told with the seed and the call that runs it again', async () => {
    await expect(run('fails', undefined, { seed: 12, faults: ['crash'] })).rejects.toMatchObject({
      code: 'SIMULATION_FAILED',
      outcome: 'failed',
      message: expect.stringMatching(/^The scenario fails failed with seed 12: [\s\S]*9 !== 10[\s\S]*\{ seed: 12 \}/),
      details: { seed: '12', digest: expect.stringMatching(/^[0-9a-f]{16}$/) },
      cause: { actual: 9, expected: 10 },
    });
  });

  test('is told at the place in the user’s code, without what tells runs apart', async () => {
    const error = (await run('fails').catch((thrown: unknown) => thrown)) as Error;
    expect(error.stack).toMatch(/scenarios\.fixture\.ts:\d+:\d+/);
    expect(error.stack).not.toContain('tutti-run');
  });

  test('where nobody waits for it ends the run', async () => {
    await expect(run('strays')).rejects.toMatchObject({
      code: 'SIMULATION_FAILED',
      message: expect.stringContaining('nobody waits for this'),
    });
  });

  test('by a call that no world has is named, also where the task would catch it', async () => {
    await expect(run('runs', 'fetches')).rejects.toMatchObject({
      code: 'SIMULATION_REFUSED',
      message: expect.stringMatching(/^The task fetches called fetch,/),
      details: { call: 'fetch', task: 'fetches' },
    });
  });

  test('by text that is thrown is told too', async () => {
    await expect(run('throwsText')).rejects.toMatchObject({ message: expect.stringContaining('just text') });
  });

  test.each([
    'fetch',
    'WebSocket',
    'net.Socket.connect',
    'http.request',
    'dns.lookup',
    'child_process.exec',
    'worker_threads.Worker',
    'fs.readFile',
    'fs.promises.readFile',
    'zlib.gzip',
    'crypto.scrypt',
    'crypto.subtle.digest',
  ])('by %s is refused by name', async (call) => {
    await expect(run('calls', call)).rejects.toMatchObject({ code: 'SIMULATION_REFUSED', details: { call } });
  });

  test('by never ending is told, with what is unfinished', async () => {
    await expect(run('never', undefined, { timeLimit: '10 days' })).rejects.toMatchObject({
      code: 'SIMULATION_ENDLESS',
      message: expect.stringMatching(/10 days of virtual time .*unfinished: reminds /),
    });
    await expect(run('never')).rejects.toMatchObject({ message: expect.stringMatching(/no task is unfinished/) });
  });

  test('by happening without an end is told', async () => {
    const subject = { kind: 'scenario', module: scenarios, name: 'polls', input: encodeValue(undefined) } as const;
    const settings = { ...settingsOf({ module }, {}, []), eventsMax: 20_000 };
    const answer = await new Worlds().run({ settings, subject, scale: undefined });
    expect(answer.kind).toBe('refused');
    expect(answer.kind === 'refused' && decodeError(answer.error)).toMatchObject({
      code: 'SIMULATION_ENDLESS',
      details: { events: 20_000 },
    });
  });

  test('by going round in a circle ends the thread, and the next run has another', async () => {
    const worlds = new Worlds(3_000);
    const settings = settingsOf({ module }, {}, []);
    const task = (name: string, value: unknown): ToWorldThread => ({
      settings,
      subject: { kind: 'task', name, input: encodeValue(value), crash: undefined },
      scale: undefined,
    });
    const circles = worlds.run(task('circles', undefined));
    const square = worlds.run(task('square', 3));
    await expect(circles).rejects.toMatchObject({ code: 'SIMULATION_ENDLESS', details: { silentMs: 3_000 } });
    expect(await square).toMatchObject({ kind: 'result', text: '9' });
  });

  test.each([
    [{ seed: -1 }, 'seed'],
    [{ seed: 1.5 }, 'seed'],
    [{ seed: '' }, 'seed'],
    [{ faults: ['flood'] }, 'faults'],
    [{ faults: 'crash' }, 'faults'],
    [{ sead: 1 }, 'sead'],
    [{ executors: 0 }, 'executors'],
  ])('in the options is refused: %j', async (options, option) => {
    await expect(run('month', 'Ada', options as SimulateOptions)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      details: { option },
    });
  });

  test('in the names is refused: an app, a scenario or a module that is not there', async () => {
    const missing = new URL('./missing.ts', import.meta.url);
    await expect(simulate({ module: missing }, { module: scenarios, name: 'month' })).rejects.toMatchObject({
      code: 'APP_LOAD',
      message: expect.stringContaining('missing.ts: there is no such module'),
    });
    await expect(simulate({ module }, { module: missing, name: 'month' })).rejects.toMatchObject({
      code: 'SCENARIO_INVALID',
      message: expect.stringContaining('missing.ts: there is no such module'),
    });
    for (const name of ['year', 'notAFunction'])
      await expect(run(name)).rejects.toMatchObject({
        code: 'SCENARIO_INVALID',
        message: expect.stringMatching(/exports no function .*many, month, never, /),
      });
    await expect(run('')).rejects.toMatchObject({ code: 'SCENARIO_INVALID' });
    await expect(simulate({ module, app: {} }, { module: scenarios, name: 'month' })).rejects.toMatchObject({
      code: 'APP_MISMATCH',
    });
  });
});

describe('crashAtEveryStep', () => {
  test('runs a task with a crash before and after each step is recorded, and finds nothing in a right one', async () => {
    const report = await crashAtEveryStep({ app, module }, app.paysOnce);
    expect(report).toEqual({
      outcome: { ok: true, value: 9 },
      steps: ['paysOnce run:pay:0', 'paysOnce sleep:0', 'paysOnce call:square:0', 'square end', 'paysOnce end'],
      crashes: 8,
    });
  });

  test('tells at which step a crash makes a difference', async () => {
    await expect(crashAtEveryStep({ app, module }, app.paysTwice)).rejects.toMatchObject({
      code: 'CRASH_DIFFERS',
      message: expect.stringContaining('- before paysTwice run:pay:0 was recorded: 2 (without a crash: 1)'),
      details: { differences: [{ step: 'paysTwice run:pay:0', when: 'before', expected: '1', got: '2' }] },
    });
  });

  test('crashes the node after a step is recorded as well as before', async () => {
    const step = 'countsItself run:step:0';
    await expect(crashAtEveryStep({ app, module }, app.countsItself)).rejects.toMatchObject({
      details: {
        differences: [
          { step, when: 'before', expected: '1', got: '2' },
          { step, when: 'after', expected: '1', got: '2' },
          { step: 'countsItself end', when: 'before', expected: '1', got: '2' },
        ],
      },
    });
  });

  test('takes the caller’s word for what is the same', async () => {
    const report = await crashAtEveryStep({ module }, 'paysTwice', undefined, { same: (a, b) => a.ok && b.ok });
    expect(report.crashes).toBe(5);
  });

  test('compares failures too', async () => {
    const { outcome, steps } = await crashAtEveryStep({ app, module }, app.refuses);
    expect(outcome).toMatchObject({ ok: false, error: { code: 'TASK_FAILED' } });
    expect(steps).toEqual(['refuses end']);
  });

  test('refuses what is no task of the app', async () => {
    await expect(crashAtEveryStep({ module }, 'nothing')).rejects.toMatchObject({ code: 'TASK_UNKNOWN' });
    await expect(crashAtEveryStep({ module }, app.square, 3)).rejects.toMatchObject({ code: 'TASK_UNKNOWN' });
    await expect(crashAtEveryStep({ module }, {} as never, 3)).rejects.toMatchObject({ code: 'TASK_UNKNOWN' });
  });
});
