import { afterEach, expect, test } from 'vitest';
import { LocalBus } from '../engine/embedded/local-bus.ts';
import { type ManualEnv, manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { limits } from '../limits.ts';
import { type ClusterMap, newClusterMap, withMember } from './cluster-map.ts';
import type { SpecAnswer, SpecQuestion } from './spec-message.ts';
import { SpecsElsewhere } from './specs-elsewhere.ts';

const question: SpecQuestion = { name: 'pay', input: '1' };
const spec: SpecAnswer = { kind: 'spec', input: '100', policy: '[2]' };

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
};

class World {
  readonly env: ManualEnv = manualEnv();
  readonly #bus = new LocalBus(this.env.timers);
  readonly gone = new Set<string>();
  /** Who was asked, in order. */
  readonly asked: string[] = [];
  readonly all: SpecsElsewhere[] = [];
  #map: ClusterMap = newClusterMap('c', 1, { partitions: 1, standbys: 1, movesMax: 1 });

  constructor() {
    this.#map = { ...this.#map, apps: { old: ['send'], new: ['pay', 'send'] } };
  }

  /** `answer` left out: of a version of Tutti that listens to no questions. */
  node(id: string, app: 'old' | 'new', answer?: () => Promise<SpecAnswer>): SpecsElsewhere | undefined {
    const self = { id, token: `run-${id}` };
    const more = { location: '', weight: 1, featureLevel: 1, incarnation: 1, deaths: 0, state: 'up' } as const;
    this.#map = withMember(this.#map, { ...self, ...more, app });
    if (answer === undefined) return undefined;
    const made = new SpecsElsewhere({
      self,
      bus: this.#bus,
      env: this.env,
      map: () => this.#map,
      hears: (token) => !this.gone.has(token),
      answer: (asked) => {
        expect(asked).toEqual(question);
        this.asked.push(id);
        return answer();
      },
    });
    this.all.push(made);
    return made;
  }
}

let world: World;
const asker = (): SpecsElsewhere => {
  world = new World();
  return world.node('a', 'old', async () => ({ kind: 'cannot' })) as SpecsElsewhere;
};
const never = (): Promise<SpecAnswer> => new Promise(() => undefined);
afterEach(() => {
  for (const each of world.all) each.close();
});

test('who has the task answers: with what a start needs, or with why it is refused', async () => {
  const a = asker();
  let answer: SpecAnswer = spec;
  world.node('b', 'new', async () => answer);
  expect(await a.ask(question)).toEqual(spec);
  answer = { kind: 'refused', error: 'e' };
  expect(await a.ask(question)).toEqual(answer);
  expect(world.asked).toEqual(['b', 'b']);
});

test('nobody has it: that is said at once', async () => {
  const a = asker();
  world.node('b', 'old', async () => spec);
  world.node('c', 'new', async () => spec);
  world.gone.add('run-c');
  expect(await a.ask(question)).toEqual({ kind: 'none', silent: [], names: ['send'] });
  expect(world.asked).toEqual([]);
});

test('one that cannot say, or fails to, is followed by another', async () => {
  const a = asker();
  world.node('b', 'new', async () => ({ kind: 'cannot' }));
  world.node('c', 'new', async () => spec);
  expect(await a.ask(question)).toEqual(spec);
  expect(world.asked).toEqual(['b', 'c']);
});

test('one that dies when it was asked is followed by another, and a late answer of the first is no second one', async () => {
  const a = asker();
  const late = Promise.withResolvers<SpecAnswer>();
  world.node('b', 'new', () => late.promise);
  world.node('c', 'new', async () => spec);
  const outcome = a.ask(question);
  await turns();
  expect(world.asked).toEqual(['b']);
  world.env.advance(limits.specAskMs);
  await turns();
  expect(world.asked).toEqual(['b', 'c']);
  expect(await outcome).toEqual(spec);
  late.resolve({ kind: 'refused', error: 'late' });
  await turns();
  expect(await outcome).toEqual(spec);
});

test('the only one dies when it was asked: it is over as soon as that is known', async () => {
  const a = asker();
  world.node('b', 'new', never);
  const outcome = a.ask(question);
  await turns();
  world.gone.add('run-b');
  world.env.advance(limits.specAskMs);
  expect(await outcome).toEqual({ kind: 'none', silent: ['b'], names: [] });
});

test('nodes of a version that listens to no questions are waited for, and not longer than is said', async () => {
  const a = asker();
  world.node('b', 'new');
  let outcome: unknown;
  void a.ask(question).then((said) => {
    outcome = said;
  });
  for (let ms = 0; ms < limits.specWaitMs; ms += 100) {
    await turns();
    expect(outcome).toBeUndefined();
    world.env.advance(100);
  }
  await turns();
  expect(outcome).toEqual({ kind: 'none', silent: ['b'], names: ['pay', 'send'] });
});
