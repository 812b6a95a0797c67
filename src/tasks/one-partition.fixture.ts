/** A world of one partition, moved on by hand. */
import { encodePolicy } from '../app/policy.ts';
import { decodeError } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import type { Program } from './program.fixture.ts';
import type { StateRow } from './tables.ts';
import { aliveState } from './task-rows.ts';
import { type Part, World } from './world.fixture.ts';

export const work: Program = { ops: [{ op: 'work' }] };
export const policyOf = (attempts: number): string =>
  encodePolicy({ attempts, backoffFirstMs: 10, backoffFactor: 1, backoffMaxMs: 10, timeoutMs: 0, priority: 0 });

export const worldOf = (more: Partial<ConstructorParameters<typeof World>[0]> = {}): World =>
  new World({ partitions: 1, executors: 1, seed: 'attempts', ...more });

export const only = (world: World): Part => world.parts[0] as Part;
export const landAll = (part: Part, world: World): void => {
  while (part.appends.length > 0) world.land(part);
};

/** Starts a task in partition 0; returns its id. */
export const started = (world: World, program: Program = work, policy?: string): string => {
  const id = world.mint(0);
  world.start(id, program, policy === undefined ? {} : { policy });
  landAll(only(world), world);
  return id;
};

export const stateOf = (world: World, id: string): StateRow | undefined => {
  let state: StateRow | undefined;
  world.partOf(id).core.transact(0, (tx) => {
    state = aliveState(tx, taskKey(id));
  });
  return state;
};

/** Grants everything to the first executor and lets it begin. */
export const begin = (world: World): void => {
  const part = only(world);
  const executor = world.executors[0];
  if (executor === undefined) throw new Error('no executor');
  landAll(part, world);
  world.grant(part, executor, 100);
  landAll(part, world);
  while (executor.inbox.length > 0) executor.receive();
  while (executor.out.length > 0) world.receiveReport(executor);
  landAll(part, world);
};

/** The whole process is killed, and starts again. */
export const killAll = (world: World, previousEnd: string | undefined): void => {
  const part = only(world);
  world.crashLeader(part, 100);
  for (const executor of [...world.executors]) {
    world.executors.splice(world.executors.indexOf(executor), 1);
    world.addExecutor();
  }
  world.lead(part, [], previousEnd);
  landAll(part, world);
};

export const failureOf = (world: World, id: string): { code?: string; message: string } => {
  const request = world.ask(world.partOf(id), 2, id);
  landAll(only(world), world);
  return decodeError(world.reply(request)?.text ?? '') as { code?: string; message: string };
};
