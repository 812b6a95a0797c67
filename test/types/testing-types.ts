/** What must compile of `tutti/testing` and, with `@ts-expect-error`, what must not. Compiled, never run. */
import { task } from '../../src/index.ts';
import { crashAtEveryStep, type Scenario, simulate, type World } from '../../src/testing/index.ts';

const app = { module: 'app.ts' };
const none = task(async () => 1);
const one = task(async (_ctx, month: string) => month.length);

export const calls = async (): Promise<void> => {
  await crashAtEveryStep(app, none);
  await crashAtEveryStep(app, none, undefined, { seed: 3, same: (a, b) => a.ok === b.ok });
  await crashAtEveryStep(app, 'none');
  const { outcome } = await crashAtEveryStep(app, one, '2026-11', { seed: 'a' });
  if (outcome.ok) outcome.value satisfies number;
  else outcome.error satisfies Error;
  // @ts-expect-error: it takes a text
  await crashAtEveryStep(app, one, 11);
  // @ts-expect-error: and it takes one
  await crashAtEveryStep(app, one);
  // @ts-expect-error: faults are for simulate
  await crashAtEveryStep(app, none, undefined, { faults: true });

  const { result, faults } = await simulate<number>(
    app,
    { module: 'scenarios.ts', name: 'month' },
    { faults: ['crash'] },
  );
  result satisfies number;
  faults.crash satisfies number;
  // @ts-expect-error: there is no such kind of fault
  await simulate(app, { module: 'scenarios.ts', name: 'month' }, { faults: ['flood'] });
  // @ts-expect-error: a scenario is named, a function cannot go to another thread
  await simulate(app, async ({ client }: World) => client.run(none));
};

export const month: Scenario<string, number> = async ({ client, sleep, crash }, name) => {
  await sleep('29 days');
  await crash({ power: true, downFor: '1 h' });
  // @ts-expect-error: the client of a world ends with it
  await client.close?.();
  return client.run(one, name);
};
