/** What must hold at the end of a run of registers: acknowledged operations, replicas and messages against the logs. */

import { keyOfUint } from '../../../src/values/ordered-key.ts';
import { whyNotLinearizable } from '../checkers/linearizable.ts';
import { checkRecords } from '../checkers/records.ts';
import { firstDifference, type Replay, type RowSource, rowsOf } from '../checkers/replay.ts';
import { checkStandbys } from '../checkers/replicas.ts';
import type { World } from '../world.ts';
import type { Call, RegisterClient } from './client.ts';
import { registerTables } from './node.ts';
import { inboxTable, registerTable } from './tables.ts';

export const checkRegisters = (world: World, clients: readonly RegisterClient[], replays: readonly Replay[]): void => {
  const states = world.landed.map((records, partition) => (replays[partition] as Replay).at(records.length));
  checkHistories(world, clients, states);
  checkReplicas(world, states);
  // One that goes back makes a new state, and leaves these as they are.
  checkStandbys(world, replays, registerTables, true);
  checkMessages(world, states);
  for (let partition = 0; partition < world.plan.partitions; partition++) checkRecords(world, partition);
};

const registerIn = (state: RowSource, key: string): number => {
  for (const [found, row] of state.scan(registerTable)) if (found === key) return (row as { value: number }).value;
  return 0;
};

const applyOf = ({ operation, outcome }: Call): ((value: number) => number | undefined) => {
  if (outcome === undefined) throw new Error('only answered calls are checked');
  switch (operation.kind) {
    case 'read':
      return (value) => (value === outcome.value ? value : undefined);
    case 'write':
      return () => operation.value;
    case 'swap':
      return outcome.ok
        ? (value) => (value === operation.expected ? operation.value : undefined)
        : (value) => (value === outcome.value && value !== operation.expected ? value : undefined);
    case 'add':
      return (value) => (value + 1 === outcome.value ? value + 1 : undefined);
    default:
      return operation satisfies never;
  }
};

/** Laws 1, 2, 3 and 4: each register is linearizable, and what the log holds at the end is what the last read would see. */
const checkHistories = (world: World, clients: readonly RegisterClient[], states: readonly RowSource[]): void => {
  const calls = clients.flatMap((client) => client.calls);
  const registers = Map.groupBy(calls, ({ partition, operation }) => `${partition} ${operation.key}`);
  for (const [name, own] of registers) {
    const [partition, key] = name.split(' ') as [string, string];
    const final = registerIn(states[Number(partition)]!, key);
    const why = whyNotLinearizable(
      [
        ...own.map((call) => ({
          client: call.client,
          invokedMs: call.invokedMs,
          answeredMs: call.answeredMs as number,
          apply: applyOf(call),
          get text() {
            return `${call.invokedMs.toFixed(3)}–${call.answeredMs?.toFixed(3)} client ${call.client} ${JSON.stringify(call.operation)} → ${JSON.stringify(call.outcome)}`;
          },
        })),
        {
          client: -1,
          invokedMs: Number.MAX_VALUE,
          answeredMs: Number.MAX_VALUE,
          apply: (value) => (value === final ? value : undefined),
          text: `the log at the end: ${final}`,
        },
      ],
      0,
    );
    if (why !== undefined) world.violated('linearizable', `partition ${partition}, register ${key}: ${why}`);
  }
};

/** Law 6: a leader has the state of its log. */
const checkReplicas = (world: World, states: readonly RowSource[]): void => {
  for (const [partition, state] of states.entries()) {
    const leader = world.leaderOf(partition);
    const own = leader?.program?.rows(partition);
    if (own === undefined) continue;
    const difference = firstDifference(rowsOf(state, registerTables), rowsOf(own, registerTables));
    if (difference !== undefined)
      world.violated('same state', `partition ${partition}, log and ${leader?.name}: ${difference}`);
  }
};

/** What one partition sent, the other took, once and in order (the order is looked at on arrival). */
const checkMessages = (world: World, states: readonly RowSource[]): void => {
  for (const [from, sender] of states.entries())
    for (const [to, receiver] of states.entries()) {
      const sent = registerIn(sender, `sent ${to}`);
      let took = 0;
      for (const [key, row] of receiver.scan(inboxTable))
        if (key === keyOfUint(from, 2)) took = (row as { last: number }).last;
      if (sent !== took) world.violated('messages', `${from} sent ${sent} to ${to}, which took ${took}`);
    }
};
