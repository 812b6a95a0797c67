/** What must hold at the end of a run of tasks. */
import { outboxTable, peersTable } from '../../../src/partition/outbox.ts';
import { type DoneRow, doneTable, specTable, taskStatus, taskTables } from '../../../src/tasks/tables.ts';
import { taskIdOfKey } from '../../../src/values/task-id.ts';
import { checkRecords } from '../checkers/records.ts';
import { firstDifference, Replay, rowsOf } from '../checkers/replay.ts';
import { checkStandbys } from '../checkers/replicas.ts';
import type { World } from '../world.ts';
import { expectedOf } from './app.ts';
import type { Run, TaskClient } from './client.ts';

const tables = [outboxTable, peersTable, ...taskTables];

export const checkTasks = (world: World, clients: readonly TaskClient[]): void => {
  const replays = world.landed.map((records, partition) => new Replay(partition, records, tables));
  const states = world.landed.map((records, partition) => (replays[partition] as Replay).at(records.length));
  const done = new Map<string, DoneRow>();
  for (const [partition, state] of states.entries()) {
    for (const [key, row] of state.scan(doneTable)) done.set(taskIdOfKey(key), row as DoneRow);
    for (const [key] of state.scan(specTable))
      world.violated('progress', `partition ${partition}: task ${taskIdOfKey(key)} has not ended`);
    const leader = world.leaderOf(partition);
    const own = leader?.program?.rows(partition);
    if (own !== undefined) {
      const difference = firstDifference(rowsOf(state, tables), rowsOf(own, tables));
      if (difference !== undefined)
        world.violated('same state', `partition ${partition}, log and ${leader?.name}: ${difference}`);
    }
    checkRecords(world, partition);
  }
  checkStandbys(world, replays, tables, true);
  const runs = clients.flatMap((client) => client.runs);
  for (const run of runs) checkRun(world, run, done.get(run.id));
  for (const [key, same] of Map.groupBy(runs, (run) => run.key)) {
    const ids = new Set(same.map(({ id }) => id));
    if (key !== undefined && ids.size > 1)
      world.violated('one task a key', `${key} belongs to ${[...ids].join(' and ')}`);
  }
};

/** Laws 1 and 4: what was acknowledged ran, and has the one outcome that everybody was told. */
const checkRun = (world: World, run: Run, done: DoneRow | undefined): void => {
  const name = `${run.name} ${run.id} ${JSON.stringify(run.input)}`;
  if (done === undefined) {
    world.violated('acknowledged', `${name} was acknowledged and is not there`);
    return;
  }
  const [first, second] = run.outcomes;
  if (first !== second) world.violated('one outcome', `${name} was told as ${first} and as ${second}`);
  if (run.cancels) {
    if (first?.startsWith('TASK_CANCELLED') !== true || done.status !== taskStatus.cancelled)
      world.violated('one outcome', `${name} was cancelled, and its outcome is ${first}`);
    return;
  }
  if (run.name === 'poison') {
    if (first?.startsWith('TASK_CRASHED') !== true || done.status !== taskStatus.failed)
      world.violated('one outcome', `${name} ends its process every time, and its outcome is ${first}`);
    return;
  }
  const expected = JSON.stringify(expectedOf(run.name, run.input));
  if (first !== expected || done.text !== expected)
    world.violated('right result', `${name} gave ${first} (recorded: ${done.text.slice(0, 500)}), not ${expected}`);
};
