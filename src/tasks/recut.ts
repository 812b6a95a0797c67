/**
 * The rows of tasks divided anew over another number of partitions: what becomes of each row when all that partitions hold moves to
 * new ones with new logs, where nothing runs meanwhile and no message is under way between them.
 *
 * - T-place: a row goes where whoever looks it up will look: by the hash in its task's id.
 * - T-logs: what names a place in an old log (an attempt's epoch, the order among results) names none in the new ones: no attempt
 *   of before can be taken for one of after, and every result of before comes before all of after.
 * - T-rules: every table has a rule, so that none is forgotten that is added later.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { outboxTable, peersTable } from '../partition/outbox.ts';
import type { AnyTable, Table } from '../partition/table.ts';
import { prefixEnd } from '../values/ordered-key.ts';
import { hashOfTaskId, partitionOfHash, taskIdOfKey } from '../values/task-id.ts';
import { attemptTable, heatTable } from './history-tables.ts';
import { type RemovedRow, removedTable } from './removed-table.ts';
import {
  chunkTable,
  doneTable,
  inputTable,
  keyTable,
  logTable,
  mapTable,
  type ParentRef,
  type SpecRow,
  type StateRow,
  type StepRow,
  specTable,
  stateTable,
  stepTable,
  taskStatus,
  watcherTable,
} from './tables.ts';

/** What a partition held. */
export type RowSource = {
  scan<Row>(table: Table<Row>, from?: string, to?: string): Iterable<readonly [key: string, row: Row]>;
};

/** A row and the partition that it goes to. */
export type PlacedRow = {
  readonly partition: number;
  readonly table: AnyTable;
  readonly key: string;
  readonly row: unknown;
};

type Rule = (sources: readonly RowSource[], partitions: number) => Iterable<PlacedRow>;

const taskKeyChars = 26;

/** The partition of the task whose key this is, or begins with this. */
const partitionOfKey = (key: string, partitions: number): number =>
  partitionOfHash(hashOfTaskId(taskIdOfKey(key.slice(0, taskKeyChars))), partitions);

/** Rows that lie with their task, each `changed` by itself. */
const withTask = <Row>(table: Table<Row>, changed: (row: Row, partitions: number) => Row = (row) => row): Rule =>
  function* (sources, partitions) {
    for (const source of sources)
      for (const [key, row] of source.scan(table))
        yield {
          partition: partitionOfKey(key, partitions),
          table: table as AnyTable,
          key,
          row: changed(row, partitions),
        };
  };

const parentOf = (parent: ParentRef, partitions: number): ParentRef => ({
  ...parent,
  partition: partitionOfKey(parent.key, partitions),
});

const specOf = (spec: SpecRow, partitions: number): SpecRow =>
  spec.parent === undefined ? spec : { ...spec, parent: parentOf(spec.parent, partitions) };

/** As of a task that was made to run again: it has a journal, and no attempt. */
const stateOf = (state: StateRow): StateRow => {
  const placed = { ...state, epoch: 0, n: state.n === 0 ? 0 : -1 };
  return state.status === taskStatus.running ? { ...placed, status: taskStatus.queued, attemptAt: 0 } : placed;
};

/** The results of each task get the numbers from 1 on, in their order: below all that a log ever gives (`Chain.base`). */
function* steps(sources: readonly RowSource[], partitions: number): Generator<PlacedRow> {
  for (const source of sources) {
    let task = '';
    let ranks = new Map<number, number>();
    for (const [key, row] of source.scan(stepTable)) {
      if (key.slice(0, taskKeyChars) !== task) {
        task = key.slice(0, taskKeyChars);
        ranks = ranksOf(source, task);
      }
      const step: StepRow = { ...row, order: ranks.get(row.order) ?? 0 };
      yield { partition: partitionOfKey(key, partitions), table: stepTable as AnyTable, key, row: step };
    }
  }
}

const ranksOf = (source: RowSource, task: string): Map<number, number> => {
  const orders: number[] = [];
  for (const [, { order }] of source.scan(stepTable, task, prefixEnd(task))) if (order !== 0) orders.push(order);
  return new Map(orders.sort((a, b) => a - b).map((order, index) => [order, index + 1]));
};

/** Looked up by who starts a task with the key, whose id has the key's hash. */
function* keys(sources: readonly RowSource[], partitions: number): Generator<PlacedRow> {
  for (const source of sources)
    for (const [key, row] of source.scan(keyTable))
      yield { partition: partitionOfHash(hashOfTaskId(row.id), partitions), table: keyTable as AnyTable, key, row };
}

/** Up to where tasks were removed: the highest of all that a new partition takes a part of. */
function* removed(sources: readonly RowSource[], partitions: number): Generator<PlacedRow> {
  const newest = new Map<number, string>();
  for (const [number, source] of sources.entries()) {
    const [row] = [...source.scan(removedTable)].map(([, each]) => each);
    if (row === undefined) continue;
    const last = partitionOfHash(firstHashOf(number + 1, sources.length) - 1, partitions);
    for (let to = partitionOfHash(firstHashOf(number, sources.length), partitions); to <= last; to++)
      if (row.newest > (newest.get(to) ?? '')) newest.set(to, row.newest);
  }
  for (const [partition, mark] of newest) {
    const row: RemovedRow = { newest: mark };
    yield { partition, table: removedTable as AnyTable, key: '', row };
  }
}

const firstHashOf = (partition: number, partitions: number): number => Math.ceil((partition * 65536) / partitions);

const noMessages: Rule = (sources) => {
  for (const [partition, source] of sources.entries())
    for (const [key] of source.scan(outboxTable)) {
      const message = `Partition ${partition} still has a message for another one (${Buffer.from(key, 'latin1').toString('hex')}): its rows cannot be moved.`;
      throw new TuttiError('INVARIANT', message);
    }
  return [];
};

/** Numbers of messages between the old partitions mean nothing to the new ones. */
const nothing: Rule = () => [];

/** By number of the table. */
export const recutRules: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [outboxTable.id, noMessages],
  [peersTable.id, nothing],
  [specTable.id, withTask(specTable, specOf)],
  [stateTable.id, withTask(stateTable, stateOf)],
  [doneTable.id, withTask(doneTable, (row, partitions) => ({ ...row, spec: specOf(row.spec, partitions) }))],
  [stepTable.id, steps],
  [keyTable.id, keys],
  [logTable.id, withTask(logTable)],
  [mapTable.id, withTask(mapTable)],
  [chunkTable.id, withTask(chunkTable)],
  [watcherTable.id, withTask(watcherTable, parentOf)],
  [inputTable.id, withTask(inputTable)],
  [attemptTable.id, withTask(attemptTable)],
  [heatTable.id, withTask(heatTable)],
  [removedTable.id, removed],
]);

/**
 * All rows of the partitions `sources`, which are all there are, in their order, as `partitions` new ones are to hold them. The sources
 * stay as they are until the end.
 */
export function* recut(sources: readonly RowSource[], partitions: number): Generator<PlacedRow> {
  for (const rule of recutRules.values()) yield* rule(sources, partitions);
}
