/** What drives a world: a scenario or one task. */
import type { AppCatalogue } from '../app/catalogue-of-app.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { importUsers } from '../execution/executor/load-app.ts';
import { AppClient } from '../node/app-client.ts';
import { decodeValue, encodeValue } from '../values/codec.ts';
import { freshAddress } from './fresh-modules.ts';
import type { RunSubject } from './thread-messages.ts';
import type { UserWorld } from './user-world.ts';
import { type Scenario, worldOf } from './world.ts';

/** Settles with the text of the result. */
export type Drive = (world: UserWorld) => Promise<string>;

/** Throws `SCENARIO_INVALID` and `TASK_UNKNOWN`. */
export const driveOf = async (subject: RunSubject, app: AppCatalogue, run: number): Promise<Drive> => {
  const names = [...app.definitions.keys()];
  switch (subject.kind) {
    case 'scenario': {
      const scenario = await loadScenario(subject, run);
      return async (world) => {
        await world.untilLeading();
        const client = new AppClient(world.client, app, names);
        return encodeValue(await scenario(worldOf(world, client), decodeValue(subject.input)), 'result');
      };
    }
    case 'task': {
      const definition = app.definitions.get(subject.name);
      if (definition === undefined)
        throw new TuttiError('TASK_UNKNOWN', `The app has no task ${subject.name}. It has: ${names.join(', ')}.`, {
          details: { name: subject.name },
        });
      return async (world) => {
        await world.untilLeading();
        const client = new AppClient(world.client, app, names);
        return encodeValue(await client.run(definition, decodeValue(subject.input) as never), 'result');
      };
    }
    default:
      return subject satisfies never;
  }
};

const loadScenario = async (
  { module, name }: Extract<RunSubject, { kind: 'scenario' }>,
  run: number,
): Promise<Scenario<unknown>> => {
  const namespace = await importUsers(freshAddress(module, run), "The scenario's module").catch((cause: unknown) => {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new TuttiError('SCENARIO_INVALID', message, { details: { module, name }, cause });
  });
  const scenario: unknown = Reflect.get(namespace, name);
  if (typeof scenario === 'function') return scenario as Scenario<unknown>;
  const functions = Object.keys(namespace).filter((key) => typeof Reflect.get(namespace, key) === 'function');
  throw new TuttiError(
    'SCENARIO_INVALID',
    `${module} exports no function ${name}. Functions that it exports: ${functions.join(', ') || 'none'}.`,
    { details: { module, name, exported: functions } },
  );
};
