/** Bugs of nodes that work as one: who leads, what is handed over, where requests go, whose fault it was (see `bugs.ts`). */
import type { PlantedBug } from './bugs.ts';

const claims = 'src/cluster/claims.ts';
const planner = 'src/cluster/planner.ts';
const pipeline = 'src/partition/pipeline.ts';
const relay = 'src/cluster/work-relay.ts';

export const nodeBugs: readonly PlantedBug[] = [
  {
    name: 'two nodes lead, and both acknowledge',
    workload: 'cluster',
    file: pipeline,
    find: 'if (!foreign && header.epoch > this.#epoch) return [this.#fence(true)];',
    replace: '',
    law: ['no damage', 'linearizable', 'messages', 'progress', 'no duel'],
    seeds: 100,
  },
  {
    name: 'a hand-over forgets what is under way: tasks that ran and waited for a step',
    workload: 'cluster-tasks',
    file: 'src/tasks/claim.ts',
    find: 'else lost.push({ key, state, waited: isWaiting(leader, tx, key, state) });',
    replace:
      'else if (previousEnd !== undefined) lost.push({ key, state, waited: isWaiting(leader, tx, key, state) });',
    law: ['progress'],
    seeds: 20,
  },
  {
    name: 'a task that was given to another executor completes for both',
    workload: 'cluster-tasks',
    file: 'src/tasks/leader.ts',
    find: 'return named?.epoch === epoch ? live : undefined;',
    replace:
      'return named?.epoch === epoch ? live : named === undefined ? [...this.live.values()].find((own) => own.n === n + 1) : undefined;',
    law: ['one result', 'right result', 'progress', 'one outcome', 'no damage', 'no error'],
    seeds: 60,
  },
  {
    name: 'R3: one that fell out and waits is given partitions',
    workload: 'cluster',
    file: planner,
    find: "const up = map.members.filter(({ state }) => state === 'up');\n  const known",
    replace: "const up = map.members.filter(({ state }) => state === 'up' || state === 'joining');\n  const known",
    law: ['given'],
    seeds: 10,
  },
  {
    name: 'R3: one that drains is given partitions',
    workload: 'cluster',
    file: planner,
    find: "const up = map.members.filter(({ state }) => state === 'up');\n  const known",
    replace: "const up = map.members.filter(({ state }) => state === 'up' || state === 'draining');\n  const known",
    law: ['given', 'progress', 'ends'],
    seeds: 60,
  },
  {
    name: 'a partition that is to be followed and led at once is opened twice',
    workload: 'cluster-tasks',
    file: 'src/execution/state/part-table.ts',
    find: 'const before = this.#changing.get(number) ?? Promise.resolve();',
    replace: 'const before = Promise.resolve();',
    law: ['no damage', 'same state', 'progress', 'no error', 'bounded', 'led again', 'stable', 'drained'],
    seeds: 60,
  },
  {
    name: 'what a session between nodes has not acknowledged is not sent again',
    workload: 'cluster-tasks',
    file: 'src/cluster/node-link.ts',
    find: 'if (nowMs - each.sentAtMs >= limits.linkResendMs) {',
    replace: 'if (nowMs - each.sentAtMs >= 1e9) {',
    law: ['progress'],
    seeds: 40,
  },
  {
    name: 'what a log without a leader was sent is not sent again',
    workload: 'cluster',
    file: pipeline,
    find: "      steps.push({ kind: 'append', entry, again: true });",
    replace: '',
    law: ['progress', 'led again'],
    faults: 'logLeader',
    seeds: 20,
  },
  {
    name: 'T4: what another node runs for this leader is not missed when that node is gone, in a cluster',
    workload: 'cluster-tasks',
    file: relay,
    find: 'this.#leaders.removeExecutors(numbers, what);',
    replace: '',
    law: ['progress'],
    seeds: 20,
  },
  {
    name: 'who takes over a running task does not know who runs it',
    workload: 'cluster-tasks',
    file: 'src/tasks/claim.ts',
    find: '  live.executor = executor;\n',
    replace: '  live.executor = executor + 2 ** 30;\n',
    law: ['progress'],
    seeds: 40,
  },
  {
    name: 'a member that was found dead while it lived does not join again',
    workload: 'cluster',
    file: 'src/cluster/cluster-core.ts',
    find: "return withMember(map, { ...own, state: 'joining' });",
    replace: 'return map;',
    law: ['progress', 'led again'],
    seeds: 20,
  },
  {
    name: 'C4: a leader that is named no more keeps what it leads',
    workload: 'cluster',
    file: claims,
    find: 'if (!deposed && named !== this.#self && this.#takesOver',
    replace: 'if (!deposed && named === this.#self && this.#takesOver',
    law: ['progress'],
    seeds: 10,
  },
];
