/**
 * One run: a fresh cluster, callers in this process and another, strikes as the seed says, and what must hold afterwards. All that
 * chance decides comes from the seed; when exactly things happen comes from the machine.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from '../../../src/client/client.ts';
import type { ClusterOverview } from '../../../src/protocol/cluster-overview.ts';
import { seededRandom } from '../../../src/values/hash.ts';
import { checkHistory } from './checks.ts';
import * as app from './faults-app.fixture.ts';
import { FaultyCluster, numbers, partitions } from './faulty-cluster.ts';
import { nowMs, type Operation } from './history.ts';
import { Load, type LoadOptions } from './load.ts';
import { Dice, type Nemesis, type Strike } from './nemeses.ts';

export type RunOptions = {
  readonly seed: string;
  /** One after the other, each as often as it stands here. */
  readonly nemeses: readonly Nemesis[];
  /** This many strikes at once: 1, one by one. */
  readonly atOnce: number;
  readonly callers: number;
  readonly say: (line: string) => void;
};

export type Struck = {
  readonly names: readonly string[];
  readonly what: string;
  /** The longest that a short call waited which was under way in the time of the fault, up to 5 s after its end. */
  readonly worstMs: number;
  /** The longest time in which nothing short was answered to anybody. */
  readonly silentMs: number;
  /** From the end of the fault until all nodes are there and every partition is led. */
  readonly restMs: number;
};

export type RunReport = {
  readonly seed: string;
  readonly operations: number;
  readonly struck: readonly Struck[];
  readonly redone: number;
  readonly violations: readonly string[];
  /** Where the history is; only if something was violated. */
  readonly kept: string | undefined;
};

/** After the end of a fault everything must be as it was within this. */
const restWithinMs = 60_000;
const copiesWithinMs = 10_000;
/** What clients still wait for then must come within this. */
const drainMs = 90_000;
const afterMs = 5_000;
const lookMs = 250;
/** A fault that nobody told of so far goes on for at most so long. */
const toldMs = 14_000;
/** Between the ends and the beginnings of faults. */
const calmMs = 1_500;
/** Callers make haste from so long before a fault strikes, and for so long in all. */
const hasteBeforeMs = 300;
const hasteMs = 800;
const short = new Set<Operation['kind']>(['echo', 'claim', 'status']);

export const runFaults = async (options: RunOptions): Promise<RunReport> => {
  const { seed, say } = options;
  const dice = new Dice(seededRandom(`${seed} nemeses`));
  const violations: string[] = [];
  const cluster = await FaultyCluster.start();
  const { folder } = cluster;
  let other: ChildProcess | undefined;
  try {
    const begun = await atRest(cluster);
    if (!begun.reached) throw new Error(`The cluster did not begin: ${begun.last}.`);
    const load: LoadOptions = { urls: cluster.nodes.urls, folder, seed, name: 'a', callers: options.callers };
    const load2: LoadOptions = { ...load, name: 'b', callers: Math.ceil(options.callers / 2) };
    other = fork(fileURLToPath(new URL('./load-process.fixture.ts', import.meta.url)), [JSON.stringify(load2)], {
      execArgv: [],
    });
    const own = new Load(load);
    const times: (Omit<Struck, 'worstMs' | 'silentMs'> & { readonly waitMaxMs: number })[] = [];
    const spans: (readonly [number, number])[] = [];
    await pause(calmMs);
    for (let at = 0; at < options.nemeses.length; at += options.atOnce) {
      const group = options.nemeses.slice(at, at + options.atOnce);
      const names = group.map(({ name }) => name);
      const begunMs = nowMs();
      const told: string[] = [];
      own.hurry(hasteMs);
      other.send(hasteMs);
      await pause(hasteBeforeMs);
      const strikes = await strikeAll(cluster, group, dice, told);
      for (const { heal } of strikes) await heal?.();
      await cluster.restore();
      const healedMs = nowMs();
      const rest = await atRest(cluster);
      const what = strikes.map((one) => one.what).join('; ');
      if (!rest.reached) violations.push(`progress: ${restWithinMs} ms after "${what}": ${rest.last}`);
      violations.push(...told.map((one) => `${one}, while ${what}`));
      spans.push([begunMs, healedMs]);
      const waitMaxMs = Math.min(
        ...strikes.map((one) => (group.length === 1 ? one.waitMaxMs : undefined) ?? Number.POSITIVE_INFINITY),
      );
      times.push({ names, what, restMs: rest.restMs, waitMaxMs });
      const why = rest.restMs > afterMs ? ` (${rest.last})` : '';
      say(`${names.join(' + ')}: ${what}; at rest again after ${rest.restMs.toFixed(0)} ms${why}`);
      for (const one of told) say(`  ${one}`);
      await pause(calmMs);
    }
    const operations = await ended(own, other);
    // What leaders hold in memory does not count.
    await Promise.all(numbers.map((node) => cluster.node(node).kill()));
    await cluster.restore();
    const last = await atRest(cluster);
    if (!last.reached) violations.push(`progress: ${restWithinMs} ms after the last restart: ${last.last}`);
    const checker = connect<typeof app>(cluster.nodes.urls, { app, timeout: '60 s' });
    const checked = await checkHistory(operations, folder, checker).catch((error: unknown) => ({
      violations: [`progress: what became of it cannot be asked after the last restart: ${String(error)}`],
      redone: 0,
    }));
    await checker.close();
    violations.push(...checked.violations);
    const struck = times.map((one, index) => ({
      ...one,
      ...stallsIn(operations, spans[index] as [number, number], spans[index + 1]?.[0] ?? nowMs()),
    }));
    for (const { what, worstMs, waitMaxMs } of struck)
      if (worstMs > waitMaxMs)
        violations.push(`progress: somebody waited ${worstMs.toFixed(0)} ms of ${waitMaxMs} at most, while ${what}`);
    const report = { seed, operations: operations.length, struck, redone: checked.redone, violations };
    return { ...report, kept: violations.length === 0 ? undefined : keep(report, operations) };
  } finally {
    other?.kill('SIGKILL');
    await cluster.close();
  }
};

/** Strikes, looks on for as long as it lasts, and returns what is to be healed. */
const strikeAll = async (
  cluster: FaultyCluster,
  group: readonly Nemesis[],
  dice: Dice,
  amiss: string[],
): Promise<readonly Strike[]> => {
  const lastsMs = Math.max(...group.map((one) => dice.between(one.lastsMs)));
  const died = deathsOf(await overviews(cluster));
  const strikes: Strike[] = [];
  for (const one of group) strikes.push(await one.strike(cluster, dice));
  const untilMs = nowMs() + lastsMs;
  const alone = group.length === 1 ? strikes[0] : undefined;
  let wasTold = alone?.told === undefined;
  while (nowMs() < untilMs || (!wasTold && nowMs() < untilMs + toldMs)) {
    const seen = await overviews(cluster);
    wasTold ||= seen.some(({ faults }) => faults.some(({ kind }) => alone?.told?.includes(kind)));
    await pause(lookMs);
  }
  if (!wasTold) amiss.push(`told: no node said so (${alone?.told?.join(', ')})`);
  if (alone?.nobodyDies === true && deathsOf(await overviews(cluster)) > died)
    amiss.push('told: somebody was taken for dead');
  return strikes;
};

const overviews = async (cluster: FaultyCluster): Promise<readonly ClusterOverview[]> =>
  (await Promise.all(numbers.map((node) => cluster.seenBy(node)))).filter((one) => one !== undefined);

const deathsOf = (seen: readonly ClusterOverview[]): number =>
  Math.max(0, ...seen.map(({ members }) => members.reduce((sum, { deaths }) => sum + deaths, 0)));

type Rest = {
  readonly restMs: number;
  /** What was amiss when it was last looked at and not at rest. */
  readonly last: string | undefined;
  readonly reached: boolean;
};

/**
 * Looks until all nodes are there, and each partition is led; and for a while until each has a copy that follows: a member that fell
 * out again and again is given none for longer than anybody would wait here.
 */
const atRest = async (cluster: FaultyCluster): Promise<Rest> => {
  const begunMs = nowMs();
  for (let last: string | undefined; ; ) {
    const amiss = await whatIsAmiss(cluster, nowMs() - begunMs < copiesWithinMs);
    const restMs = nowMs() - begunMs;
    last = amiss ?? last;
    if (amiss === undefined || restMs > restWithinMs) return { restMs, last, reached: amiss === undefined };
    await pause(lookMs);
  }
};

const whatIsAmiss = async (cluster: FaultyCluster, copies: boolean): Promise<string | undefined> => {
  const seen = await overviews(cluster);
  if (seen.length < numbers.length) return `${seen.length} of ${numbers.length} nodes answer`;
  for (const { self, members, partitions: own } of seen) {
    const unheard = members.find(({ heard }) => !heard);
    if (unheard !== undefined || members.length < numbers.length)
      return `${self} does not hear ${unheard?.id}; ${mapsOf(seen)}`;
    if (own.length < partitions) return `${self} knows ${own.length} partitions`;
    const unled = own.find(({ leader }) => leader === undefined);
    if (unled !== undefined) return `${self} sees partition ${unled.partition} led by nobody; ${mapsOf(seen)}`;
    const cold = own.find(({ standbys }) => !standbys.some((one) => one.named && one.following));
    if (copies && cold !== undefined) return `${self} sees partition ${cold.partition} without a copy`;
  }
  return undefined;
};

/** What each has read of the map, and how the servers are that keep it. */
const mapsOf = (seen: readonly ClusterOverview[]): string =>
  seen
    .map(({ self, mapVersion, members, engine }) => {
      const states = members.map(({ state, heard }) => `${state}${heard ? '' : '?'}`).join(' ');
      const servers = engine?.servers.map(({ online, lag }) => (online ? `${lag ?? ''}` : 'down')).join(' ');
      return `${self} has map ${mapVersion} (${states}; servers behind: ${servers})`;
    })
    .join(', ');

/** Has all callers stop, and waits for what they wait for, within a bound. */
const ended = async (own: Load, other: ChildProcess): Promise<Operation[]> => {
  let answered = false;
  const answer = (once(other, 'message') as Promise<[Operation[]]>).finally(() => {
    answered = true;
  });
  other.send('stop');
  await Promise.race([Promise.all([own.stop(), answer]), pause(drainMs, undefined, { ref: false })]);
  // One that has answered is about to end.
  if (!answered) other.send('now');
  const [elsewhere] = await answer;
  return [...own.operations, ...elsewhere];
};

/** Of calls that were begun from just before a fault to some seconds after it, but not in the time of the next. */
const stallsIn = (
  operations: readonly Operation[],
  [fromMs, toMs]: readonly [number, number],
  nextMs: number,
): Pick<Struck, 'worstMs' | 'silentMs'> => {
  const firstMs = fromMs - calmMs / 3;
  const lastMs = Math.min(toMs + afterMs, nextMs - calmMs / 3);
  const near = operations.filter(({ kind, begunMs }) => short.has(kind) && begunMs >= firstMs && begunMs <= lastMs);
  const worstMs = Math.max(0, ...near.map(({ begunMs, endedMs = lastMs }) => endedMs - begunMs));
  const answers = near.map(({ endedMs = lastMs }) => endedMs).sort((a, b) => a - b);
  const silentMs = Math.max(0, ...answers.map((ms, index) => ms - (answers[index - 1] ?? firstMs)));
  return { worstMs, silentMs };
};

const keep = (report: object & { readonly seed: string }, operations: readonly Operation[]): string => {
  const kept = join(process.env['TUTTI_FAULTS_KEPT'] ?? join(tmpdir(), 'tutti-faults-kept'), report.seed);
  mkdirSync(kept, { recursive: true });
  writeFileSync(join(kept, 'report.json'), JSON.stringify(report, undefined, 2));
  writeFileSync(join(kept, 'history.jsonl'), operations.map((one) => JSON.stringify(one)).join('\n'));
  return kept;
};
