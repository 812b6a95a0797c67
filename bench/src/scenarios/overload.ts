/**
 * A thousand connections that ask for ten times what the node can do, and do not wait when they are told to: what it acknowledges
 * must finish, what it refuses must carry a delay, its memory must stay bounded, and soon after it must be as quick as before.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isTuttiError } from 'tutti';
import { connect } from 'tutti/client';
import * as app from '../app.ts';
import { noop, noopInput } from '../app.ts';
import type { FloodCounts, FloodNews, FloodRequest } from '../flood-process.ts';
import { memoryOf, type ProcessMemory, processCpuSeconds } from '../machine.ts';
import { batchesOf, loopsOf, percentile, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';
import { Serving } from '../serving.ts';

const connections = 1_000;
const times = 10;
const warmUp = 60_000;
const measured = 150_000;
const givenUpMs = 60_000;

/** What happened while it was flooded. */
type Flooded = {
  readonly counts: FloodCounts;
  /** Of the node, each second. */
  readonly memory: readonly ProcessMemory[];
  /** How soon after the end one task at a time took less than twice as long as before; from `givenUpMs` on it did not. */
  readonly recoveredMs: number;
  readonly cpuSeconds: number;
};

const flood = async (serving: Serving, request: FloodRequest, isQuick: () => Promise<boolean>): Promise<Flooded> => {
  const child = fork(new URL('../flood-process.ts', import.meta.url), [JSON.stringify(request)]);
  const pid = child.pid as number;
  process.once('exit', () => child.kill('SIGKILL'));
  await once(child, 'message');
  const memory: ProcessMemory[] = [];
  const cpuBefore = processCpuSeconds(pid);
  let cpuSeconds = 0;
  const stopped = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<FloodCounts>();
  child.on('message', ({ state, counts }: FloodNews) => {
    if (state === 'flooding') memory.push(memoryOf(serving.pid));
    if (state === 'stopped') {
      cpuSeconds = processCpuSeconds(pid) - cpuBefore;
      stopped.resolve(performance.now());
    }
    if (state === 'ended') ended.resolve(counts);
  });
  child.once('exit', () => {
    const tooSoon = new Error('The process that floods ended too soon.');
    stopped.reject(tooSoon);
    ended.reject(tooSoon);
  });
  child.send('go');
  const stoppedAt = await stopped.promise;
  while (!(await isQuick()) && performance.now() - stoppedAt < givenUpMs);
  const recoveredMs = performance.now() - stoppedAt;
  return { counts: await ended.promise, memory, recoveredMs, cpuSeconds };
};

/** What the node's metrics count of no-op tasks. */
const noopCounts = async (url: string): Promise<{ readonly completed: number; readonly unfinished: number }> => {
  const text = await fetch(`${url}/metrics`).then((response) => response.text());
  const sum = (pattern: RegExp): number =>
    text.matchAll(pattern).reduce((total, [, value]) => total + Number(value), 0);
  return {
    completed: sum(/^tutti_tasks_finished_total\{task="noop",outcome="completed"\} (\d+)$/gm),
    unfinished: sum(/^tutti_tasks\{task="noop",state="\w+"\} (\d+)$/gm),
  };
};

/** One connection may ask for so much a second; who asks for more is told when to come again. */
const askedAgain = async <T>(ask: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isTuttiError(error) || error.code !== 'OVERLOADED') throw error;
      await new Promise((resolve) => setTimeout(resolve, Number(error.details['retryMs'])));
    }
  }
};

export const overload: Scenario = {
  name: 'overload',
  cases: [undefined],
  async run(options) {
    const seconds = Math.max(4, scaled(60, options));
    await using serving = await Serving.start(options);
    await using client = connect(serving.url, { app });
    const one = async (index: number): Promise<void> => {
      check((await client.run(noop, noopInput(index))) === index, `task ${index}`);
    };
    // How much it can do, and how quick it is when nobody presses.
    await batchesOf(warmUp, 5_000, 500, one);
    const sustainable = measured / (await span(() => batchesOf(measured, 5_000, 500, one))).seconds;
    const calm = percentile(await loopsOf(500, 1, one), 0.5);
    const before = memoryOf(serving.pid);
    const costBefore = await serving.cost();
    const { completed: completedBefore } = await noopCounts(serving.url);

    let asked = 0;
    const idsFile = join(options.folder, 'acknowledged.txt');
    const request = { url: serving.url, connections, perSecond: sustainable * times, seconds, idsFile };
    const { counts, memory, recoveredMs, cpuSeconds } = await flood(serving, request, async () => {
      asked += 50;
      return percentile(await loopsOf(50, 1, one), 0.5) < calm * 2;
    });
    const cost = await serving.cost();
    const { offered, sent, blocked, acknowledged, refused, withoutDelay, expired, lost } = counts;
    check(withoutDelay === 0, `${withoutDelay} refusals carry no delay`);

    // Everything acknowledged ends: the node counts as many as it has acknowledged, and those that it keeps have their results.
    let { completed, unfinished } = await noopCounts(serving.url);
    while (unfinished > 0) ({ completed, unfinished } = await noopCounts(serving.url));
    const ended = completed - completedBefore - asked;
    check(ended >= acknowledged && ended <= acknowledged + lost, `${acknowledged} acknowledged, ${ended} have ended`);
    const ids = readFileSync(idsFile, 'utf8').split('\n').filter(Boolean);
    check(ids.length === acknowledged, `${ids.length} ids of ${acknowledged} acknowledged`);
    let kept = 0;
    await loopsOf(ids.length, 5_000, async (at) => {
      const status = await askedAgain(() => client.status(ids[at] as string));
      if (status === undefined) return;
      check(status.state === 'completed', `task ${ids[at]} was acknowledged and is ${status.state}`);
      kept++;
    });
    const marks = [0.25, 0.5, 0.75, 1].map((share) => Math.round((seconds - 1) * share));
    const memoryAt = (second: number): (readonly [string, number])[] => {
      const { rssMb, anonMb } = memory[second - 1] ?? { rssMb: Number.NaN, anonMb: Number.NaN };
      return [
        [`rss_mb_${second}s`, rssMb],
        [`anon_mb_${second}s`, anonMb],
      ];
    };
    return {
      n: acknowledged,
      seconds,
      cpuSeconds,
      latencies: undefined,
      extra: {
        sustainable_per_s: sustainable,
        offered_per_s: offered / seconds,
        sent_per_s: sent / seconds,
        blocked_per_s: blocked / seconds,
        answered_per_s: (acknowledged + refused + expired) / seconds,
        refused_per_s: refused / seconds,
        expired_per_s: expired / seconds,
        kept,
        lost,
        before_rss_mb: before.rssMb,
        before_anon_mb: before.anonMb,
        ...Object.fromEntries(marks.flatMap(memoryAt)),
        node_rss_mb: Math.max(...memory.map(({ rssMb }) => rssMb)),
        node_anon_mb: Math.max(...memory.map(({ anonMb }) => anonMb)),
        node_cpu_s: cost.cpuSeconds - costBefore.cpuSeconds,
        recovered_ms: recoveredMs,
        calm_p50_ms: calm,
      },
      settings: { connections, times, seconds },
    };
  },
};
