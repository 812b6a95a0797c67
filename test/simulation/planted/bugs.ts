/**
 * Bugs that the simulator must catch. Each is a patch of a file, applied to a copy of the sources; none is ever in the
 * repository's own. `law` names the laws that may catch it; `seeds` is how many seeds it may take, about five times what it took.
 */
export type Patch = { readonly file: string; readonly find: string; readonly replace: string };

export type PlantedBug = Patch & {
  readonly name: string;
  readonly workload: 'registers' | 'tasks';
  /** A second patch that it takes. */
  readonly also?: Patch;
  readonly law: readonly string[];
  readonly seeds: number;
  /** The first seed; 1 where it is left out. Of a bug that takes many seeds the tests run those that show it. */
  readonly first?: number;
};

const pipeline = 'src/partition/pipeline.ts';
const partition = 'src/partition/partition.ts';
const standby = 'src/partition/standby.ts';
const chain = 'src/partition/chain.ts';
const layers = 'src/partition/layers.ts';
const host = 'src/partition/host.ts';
const snapshot = 'src/partition/snapshot.ts';
const outbox = 'src/partition/outbox.ts';

/** A clock that nothing replaces: no law sees it, but the same seed gives another run. */
export const unseenClock: Patch = {
  file: 'src/engine/simulated/place.ts',
  find: 'monotonic: () => simulation.nowMs,',
  replace: "monotonic: () => simulation.nowMs + new Event('tick').timeStamp,",
};

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'P1: a new leader fills its window at once, while records of the older one may still land',
    workload: 'registers',
    file: pipeline,
    find: 'options.epoch + options.carefulWindow - 1;',
    replace: 'options.epoch - 1;',
    law: ['no damage'],
    seeds: 500,
  },
  {
    name: 'P2: answers do not wait for their record',
    workload: 'registers',
    file: partition,
    find: 'this.#batches.open.outputs.push(output);',
    replace: 'this.#settled.push(output);',
    law: ['linearizable', 'messages'],
    seeds: 200,
  },
  {
    name: 'P2: an answer that wrote nothing waits for no record: a deposed leader answers reads',
    workload: 'registers',
    file: partition,
    find: 'if (writes.length === 0 && !this.#options.shared)',
    replace: 'if (writes.length === 0)',
    law: ['linearizable'],
    seeds: 500,
  },
  {
    name: 'P3: a refused append is taken for a newer leader without reading the position',
    workload: 'registers',
    file: pipeline,
    find: "if (oldest.result.kind !== 'appended') {",
    replace:
      "if (oldest.result.kind === 'occupied') return [...steps, this.#fence(true)];\n      if (oldest.result.kind !== 'appended') {",
    law: ['certain'],
    seeds: 500,
  },
  {
    name: 'P3: a refused append is sent again one position further without reading',
    workload: 'registers',
    file: pipeline,
    find: "if (oldest.result.kind !== 'appended') {",
    replace:
      "if (oldest.result.kind === 'occupied') {\n        oldest.after++;\n        oldest.result = undefined;\n        steps.push({ kind: 'append', entry: oldest, again: true });\n        break;\n      }\n      if (oldest.result.kind !== 'appended') {",
    law: ['no damage', 'progress', 'linearizable', 'messages'],
    seeds: 200,
  },
  {
    name: 'an append without an answer is taken for done',
    workload: 'registers',
    file: pipeline,
    find: "if (oldest.result.kind !== 'appended') {",
    replace:
      "if (oldest.result.kind === 'unknown') oldest.result = { kind: 'appended', position: oldest.after + 1 };\n      if (oldest.result.kind !== 'appended') {",
    law: ['no damage', 'linearizable', 'messages', 'progress', 'same state'],
    seeds: 200,
  },
  {
    name: 'results are taken in the order in which they come, not oldest first',
    workload: 'registers',
    file: pipeline,
    find: 'return this.#resolve();\n  }\n\n  /** Takes what was read',
    replace:
      "if (entry.result.kind === 'appended' && entry !== this.#entries[0] && this.#entries.includes(entry))\n      return [{ kind: 'acknowledged', entry: { ...entry, outputs: entry.outputs.splice(0) }, position: entry.after + 1 }, ...this.#resolve()];\n    return this.#resolve();\n  }\n\n  /** Takes what was read",
    law: ['linearizable', 'messages', 'no damage', 'same state'],
    seeds: 3_000,
  },
  {
    name: "another leader's bytes of the same length are taken for one's own",
    workload: 'registers',
    file: pipeline,
    find: 'a.length === b.length && Buffer.compare(a, b) === 0;',
    replace: 'a.length === b.length;',
    law: ['linearizable', 'messages', 'no damage', 'same state'],
    seeds: 2_000,
  },
  {
    name: 'no fence: a newer epoch is stepped over',
    workload: 'registers',
    file: pipeline,
    find: 'if (!foreign && header.epoch > this.#epoch) return [this.#fence(true)];',
    replace: '',
    law: ['no damage', 'linearizable', 'messages', 'progress'],
    seeds: 100,
  },
  {
    name: 'a claim that was not acknowledged is taken for leadership',
    workload: 'registers',
    file: standby,
    find: "if (result.kind !== 'appended' || result.position !== entry.after + 1) {",
    replace: "if (result.kind === 'unknown') {",
    also: {
      file: standby,
      find: 'claimed(this.#options.newLogId, result.position, entry.checksum)',
      replace: 'claimed(this.#options.newLogId, entry.after + 1, entry.checksum)',
    },
    law: ['no damage', 'linearizable', 'progress', 'messages', 'no error'],
    seeds: 300,
  },
  {
    name: 'what a deposed leader held back is let out',
    workload: 'registers',
    file: partition,
    find: "this.#effects.push({ kind: 'fenced', certain: step.certain, dropped });",
    replace:
      "this.#effects.push({ kind: 'release', outputs: dropped }, { kind: 'fenced', certain: step.certain, dropped });",
    law: ['linearizable', 'messages'],
    seeds: 500,
  },
  {
    name: 'P8: records of an older epoch that land late are applied',
    workload: 'registers',
    file: chain,
    find: 'if (header.epoch < this.#epoch) return undefined;',
    replace: 'if (header.epoch < this.#epoch) return decodeWrites(record.bytes, header);',
    law: ['progress', 'same state', 'linearizable', 'messages', 'no damage'],
    seeds: 500,
  },
  {
    name: 'code reads the clock of the machine',
    workload: 'registers',
    file: chain,
    find: 'if (now > this.#time) this.#time = now;',
    replace: 'if (now > this.#time) this.#time = now + (process.uptime() > 1_000_000 ? 1 : 0);',
    law: ['no damage', 'no error'],
    seeds: 10,
  },
  {
    name: 'D1: record time follows the clock back',
    workload: 'registers',
    file: chain,
    find: 'if (now > this.#time) this.#time = now;',
    replace: 'this.#time = now;',
    law: ['time'],
    seeds: 100,
  },
  {
    name: 'P10: the store is flushed before the checkpoint is acknowledged',
    workload: 'registers',
    file: partition,
    find: 'this.#take([pipeline.push({ ...record, kind, outputs })]);',
    replace:
      "const early = kind === recordKind.checkpoint;\n    this.#take([pipeline.push({ ...record, kind: early ? recordKind.data : kind, outputs })]);\n    if (early)\n      this.#effects.push({\n        kind: 'flush',\n        position: pipeline.next - 1,\n        note: this.#replica.note(record.checksum),\n      });",
    law: ['no damage', 'same state', 'linearizable', 'messages', 'progress'],
    seeds: 500,
  },
  {
    name: 'the marker is moved before the slices are written',
    workload: 'registers',
    file: 'src/partition/write-checkpoint.ts',
    find: '  let rows = 0;',
    replace: '  await writer.mark(partition, marker);\n  let rows = 0;',
    law: ['same state', 'linearizable', 'messages', 'no damage'],
    seeds: 500,
  },
  {
    name: 'the reader is not renewed after a flush',
    workload: 'registers',
    file: host,
    find: '    reader.renew();\n    this.core.flushed();',
    replace: '    this.core.flushed();',
    law: ['linearizable', 'messages', 'same state'],
    seeds: 100,
  },
  {
    name: 'keys are taken for new that are in the store',
    workload: 'registers',
    file: layers,
    find: 'for (const layers of this.#tables) layers.below = layers.highest;\n  }\n\n  /** At least',
    replace: "for (const layers of this.#tables) layers.below = '';\n  }\n\n  /** At least",
    law: ['linearizable', 'messages', 'same state'],
    seeds: 100,
  },
  {
    name: 'a row deleted while it is flushed comes back',
    workload: 'registers',
    file: layers,
    find: 'else layers.active.set(key, null);',
    replace: 'else layers.active.delete(key);',
    law: ['linearizable', 'messages', 'same state', 'progress'],
    seeds: 200,
  },
  {
    name: 'the log is trimmed up to a snapshot that was not read back',
    workload: 'registers',
    file: snapshot,
    find: 'if (lastButOne !== undefined && last !== undefined) await log.trim(lastButOne + 1);',
    replace: 'if (last !== undefined) await log.trim(last + 1);',
    law: ['restorable', 'no damage', 'progress'],
    seeds: 1_000,
  },
  {
    name: 'P10: a deposed leader deletes chunks of its successor',
    workload: 'registers',
    file: snapshot,
    find: 'for (const position of await this.#listed()) {',
    replace: 'for (const position of this.#positions) {',
    also: {
      file: snapshot,
      find: 'return this.#options.log.shared ?',
      replace: 'return this.#options.log.shared && epoch < 0 ?',
    },
    law: ['restorable', 'no damage', 'progress'],
    seeds: 200,
    first: 1_900,
  },
  {
    name: 'P10: a restore does not begin again when its snapshot is dropped',
    workload: 'registers',
    file: snapshot,
    find: 'const restoreTries = 5;',
    replace: 'const restoreTries = 1;',
    law: ['no damage', 'progress'],
    seeds: 3_000,
  },
  {
    name: 'the end of a shared log, which may lag, is taken for a proof of damage',
    workload: 'registers',
    file: host,
    find: 'if (!log.shared && kept > end)',
    replace: 'if (kept > end)',
    law: ['no damage'],
    seeds: 2_000,
  },
  {
    name: 'T5: a message is deleted when it is sent, not when the receiver has it',
    workload: 'registers',
    file: outbox,
    find: 'tx.put(outboxTable, messageKey(peer, number), { body });',
    replace: '',
    law: ['messages'],
    seeds: 100,
  },
  {
    name: 'a message that came twice is taken twice',
    workload: 'registers',
    file: outbox,
    find: 'if (message.number === received + 1) {',
    replace: 'if (message.number === received + 1 || message.number === received) {',
    law: ['messages'],
    seeds: 100,
  },
  {
    name: 'a gap between messages is not seen',
    workload: 'registers',
    file: outbox,
    find: 'if (message.number === received + 1) {',
    replace: 'if (message.number > received) {',
    law: ['messages'],
    seeds: 200,
  },
  {
    name: 'a new leader does not send again what was not acknowledged, nor does anybody later',
    workload: 'registers',
    file: outbox,
    find: 'for (let number = acknowledged + 1; number <= sent; number++) {',
    replace: 'for (let number = sent + 1; number <= sent; number++) {',
    law: ['messages', 'progress'],
    seeds: 100,
  },
  {
    name: 'an acknowledgement deletes more than was acknowledged',
    workload: 'registers',
    file: outbox,
    find: 'const upTo = Math.min(message.upTo, row.sent);',
    replace: 'const upTo = row.sent;',
    law: ['messages', 'progress'],
    seeds: 200,
  },
  {
    name: 'T8: record time that is ahead stands still until the clock has caught up',
    workload: 'tasks',
    file: 'src/partition/record-clock.ts',
    find: 'const rateAhead = 0.9;',
    replace: 'const rateAhead = 0;',
    law: ['progress'],
    seeds: 150,
  },
  {
    name: 'a new leader forgets the timers of tasks that sleep',
    workload: 'tasks',
    file: 'src/tasks/claim.ts',
    find: 'if (state.n !== 0) timeSleeps(leader, tx, key);',
    replace: '',
    law: ['progress'],
    seeds: 50,
  },
  {
    name: 'a new leader forgets tasks that are queued',
    workload: 'tasks',
    file: 'src/tasks/claim.ts',
    find: 'leader.queue.push(key, 0, spec.priority, state.n > 0 || spec.kind === grantKind.chunk);',
    replace: '',
    law: ['progress'],
    seeds: 50,
  },
  {
    name: 'a repeated start begins the task again',
    workload: 'tasks',
    file: 'src/tasks/start.ts',
    find: '} else if (tx.get(specTable, key) !== undefined || tx.get(doneTable, key) !== undefined)',
    replace: '} else if (key === undefined)',
    law: ['progress', 'one result', 'one outcome', 'acknowledged', 'no damage', 'no error', 'right result'],
    seeds: 100,
  },
  {
    name: 'T6: the border of a chunk is not in the record that creates it',
    workload: 'tasks',
    file: 'src/tasks/map.ts',
    find: 'tx.put(mapTable, rowKey(live.key, map.step), map.row);\n  tx.put(chunkTable, chunkKey(live.key, map.step, chunk), { from, to, childId, text: undefined });',
    replace: 'tx.put(chunkTable, chunkKey(live.key, map.step, chunk), { from, to, childId, text: undefined });',
    law: ['right result', 'progress', 'no damage', 'no error', 'one outcome'],
    seeds: 100,
  },
  {
    name: 'a key is not noted with the task that it belongs to',
    workload: 'tasks',
    file: 'src/tasks/start.ts',
    find: 'if (keyRow !== undefined) tx.put(keyTable, keyRow, { id: request.id });',
    replace: '',
    law: ['one task a key'],
    seeds: 50,
  },
  {
    name: 'cancellation does not reach children',
    workload: 'tasks',
    file: 'src/tasks/finish.ts',
    find: 'if (ending.status !== taskStatus.completed && state.n !== 0) cancelChildren(leader, tx, key);',
    replace: '',
    law: ['progress'],
    seeds: 50,
  },
  {
    name: 'what ran on an executor that ended is not given to another',
    workload: 'tasks',
    file: 'src/execution/state/state-host.ts',
    find: 'part.host.transact((tx) => executorLost(part.tasks, tx, executor, named, loss));',
    replace:
      'if (named?.n === Number.NaN) part.host.transact((tx) => executorLost(part.tasks, tx, executor, named, loss));',
    law: ['progress'],
    seeds: 50,
  },
  {
    name: 'an attempt after the first begins its journal anew over the old one',
    workload: 'tasks',
    file: 'src/tasks/grant.ts',
    find: 'export const loadSteps = (tx: TaskTransaction, live: Live): StepRow[] => {',
    replace:
      'export const loadSteps = (tx: TaskTransaction, live: Live): StepRow[] => {\n  if (live.tries + 1 > 0) return [];',
    law: ['one result', 'progress', 'right result', 'no damage', 'no error'],
    seeds: 50,
  },
];
