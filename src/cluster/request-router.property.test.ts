import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromClient, toClient } from '../tasks/messages.ts';
import { hashOfTaskId, mintTaskId, partitionOfHash } from '../values/task-id.ts';
import { RoutersWorld } from './routers.fixture.ts';

const nodes = 3;
const partitions = 2;
const clientOf = (node: number): number => 10 + node;

type Asked = {
  readonly node: number;
  readonly number: number;
  readonly op: number;
  readonly id: string;
  readonly partition: number;
  readonly waits: boolean;
  /** Of a follow: the next line. */
  next: number;
};

/** A world, and clients that check what they are told. */
class Play {
  readonly world = new RoutersWorld(nodes, partitions);
  readonly pending = new Map<string, Asked>();
  readonly ids: string[] = [];
  readonly retried = new Map<string, number>();
  readonly rejected = new Set<string>();
  #number = 1;

  constructor() {
    for (const [node, router] of this.world.routers.entries()) router.addClient(clientOf(node));
  }

  ask(draw: number): void {
    const { world } = this;
    const node = draw % nodes;
    const number = this.#number++;
    const kinds: number[] = [
      fromClient.start,
      fromClient.follow,
      fromClient.wait,
      fromClient.status,
      fromClient.follow,
    ];
    kinds.push(fromClient.follow, fromClient.cancel, fromClient.retry, fromClient.list, fromClient.changes);
    const op = kinds[Math.floor(draw / nodes) % kinds.length] as number;
    const rest = Math.floor(draw / nodes / kinds.length);
    if (op === fromClient.changes) {
      world.routers[node]?.fromClient(clientOf(node), [op, rest % 3, rest % 2]);
      return;
    }
    const isStart = op === fromClient.start;
    if (isStart || this.ids.length === 0)
      this.ids.push(mintTaskId((rest * 7919) % 65536, number, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, number >> 8, number)));
    const id = isStart ? (this.ids.at(-1) as string) : this.recent(rest);
    const from = rest % 3;
    const waits = isStart && rest % 2 === 1;
    const fields: Readonly<Record<number, readonly unknown[]>> = {
      [fromClient.start]: [id, 'some', '1', undefined, undefined, 0, waits ? 1 : 0, 0],
      [fromClient.list]: [rest % partitions, '{}'],
      [fromClient.retry]: [id, undefined],
      [fromClient.follow]: [id, from],
    };
    const partition = op === fromClient.list ? rest % partitions : partitionOfHash(hashOfTaskId(id), partitions);
    this.pending.set(`${node} ${number}`, {
      node,
      number,
      op,
      id,
      partition,
      waits: waits || op === fromClient.wait || op === fromClient.follow,
      next: from,
    });
    world.routers[node]?.fromClient(clientOf(node), [op, number, ...(fields[op] ?? [id])]);
  }

  /** The last few are of interest: several requests are about each. */
  recent(draw: number): string {
    return this.ids.at(-1 - (draw % Math.max(1, Math.min(3, this.ids.length)))) ?? '';
  }

  giveUp(draw: number): void {
    const asked = [...this.pending.values()].filter(({ waits }) => waits);
    const one = asked[draw % Math.max(1, asked.length)];
    if (one === undefined) return;
    this.pending.delete(`${one.node} ${one.number}`);
    this.world.routers[one.node]?.fromClient(clientOf(one.node), [
      fromClient.giveUp,
      one.number,
      one.id,
      undefined,
      undefined,
    ]);
  }

  step(draw: number): void {
    const { world } = this;
    const kind = draw % 40;
    const rest = Math.floor(draw / 40);
    const [one, partition] = [rest % nodes, rest % partitions];
    const other = (one + 1 + (Math.floor(rest / nodes) % (nodes - 1))) % nodes;
    const back = Math.max(0, (Math.floor(rest / nodes / partitions) % 5) - 2);
    const id = this.recent(rest);
    const part = id === '' ? 0 : partitionOfHash(hashOfTaskId(id), partitions);
    if (kind < 10) this.ask(rest);
    else if (kind < 12) world.claim(one, partition);
    else if (kind < 18) world.hostAnswers(one);
    else if (kind < 25) world.deliver(one, other);
    else if (kind === 25) world.part(one, other);
    else if (kind < 28) world.meet(one, other);
    else if (kind < 30) world.deposed(one, partition);
    else if (kind < 33) world.hears(one, partition, back);
    else if (kind === 33) world.routers[one]?.leader(partition, undefined);
    else if (kind < 37) world.logs(part, id);
    else if (kind === 37) {
      world.nowMs += 60;
      for (const router of world.routers) router.tick(world.nowMs);
    } else if (kind === 38) this.giveUp(rest);
    else if (rest % 3 === 0) world.ends(part, id, 'completed');
    else (world.hosts[one] as (typeof world.hosts)[0]).overloaded = rest % 3 === 1;
    this.settle();
  }

  settle(): void {
    this.world.turns();
    this.world.takeTold((node, client, message) => this.#told(node, client, message));
    expect(this.world.wrongs).toEqual([]);
  }

  #told(node: number, client: number, message: readonly unknown[]): void {
    const { world } = this;
    expect(client).toBe(clientOf(node));
    const [op, number, ...fields] = message as [number, number, ...unknown[]];
    const text = fields.at(-1) as string;
    // Somebody asked for changes.
    if (op === toClient.event && text === '') return;
    const name = `${node} ${number}`;
    const asked = this.pending.get(name);
    if (asked === undefined) expect.unreachable(`${name} is told ${text} and does not wait`);
    const epoch = /"epoch":(\d+)/.exec(text)?.[1];
    if (epoch !== undefined) expect(Number(epoch)).toBeGreaterThanOrEqual(world.knows[node]?.[asked.partition] ?? 0);
    if (op === toClient.event) {
      const index = /^\{"type":"log","index":(\d+),/.exec(text)?.[1];
      if (index !== undefined) expect(Number(index)).toBe(asked.next++);
      return;
    }
    const ok = fields[0] === 1;
    if (asked.op === fromClient.follow && ok && /^\d+$/.test(text)) {
      expect(Number(text)).toBe(asked.next);
      world.routers[node]?.fromClient(client, [fromClient.follow, number, asked.id, asked.next]);
      return;
    }
    this.pending.delete(name);
    if (asked.op === fromClient.start && text.includes('OVERLOADED')) this.rejected.add(asked.id);
    if (asked.op === fromClient.retry && ok) this.retried.set(asked.id, (this.retried.get(asked.id) ?? 0) + 1);
  }

  /** All can speak to each other, and know who leads. */
  heal(): void {
    const { world } = this;
    for (let partition = 0; partition < partitions; partition++)
      if (world.partitions[partition]?.leader === -1) world.claim(partition % nodes, partition);
    for (let one = 0; one < nodes; one++) {
      (world.hosts[one] as (typeof world.hosts)[0]).overloaded = false;
      for (let other = 0; other < one; other++) {
        world.part(one, other);
        world.part(other, one);
        world.meet(one, other);
      }
      for (let partition = 0; partition < partitions; partition++) {
        world.deposed(one, partition);
        world.hears(one, partition, 0);
      }
    }
    this.settle();
  }

  rest(): void {
    const { world } = this;
    for (let round = 0; round < 30; round++) {
      for (let one = 0; one < nodes; one++) {
        for (let other = 0; other < nodes; other++) for (let at = 0; at < 20; at++) world.deliver(one, other);
        for (const { length } of [world.hosts[one]?.outbox ?? []])
          for (let at = 0; at < length; at++) world.hostAnswers(one);
      }
      world.nowMs += 100;
      for (const router of world.routers) router.tick(world.nowMs);
      this.settle();
    }
  }
}

const drawn = fc.array(fc.nat(10_000_000), { maxLength: 500, size: 'max' });
const runs = { numRuns: Number(process.env['ROUTER_RUNS'] ?? 80) };

const play = (draws: readonly number[]): Play => {
  const played = new Play();
  // Most of what can go wrong needs something that went well before.
  if (draws.length % 4 > 0) played.heal();
  for (const draw of draws) played.step(draw);
  played.heal();
  return played;
};

test('each request is answered once, by no leader older than the newest that was known, each line comes once, and nothing has its effect twice', () => {
  fc.assert(
    fc.property(drawn, (draws) => {
      const played = play(draws);
      const { world, pending, ids, retried, rejected } = played;
      // One that was run again ends again.
      for (let round = 0; round < 3; round++) {
        played.rest();
        for (const id of ids) world.ends(partitionOfHash(hashOfTaskId(id), partitions), id, 'completed');
      }
      played.rest();
      expect([...pending.values()]).toEqual([]);
      for (const router of world.routers) expect(router.pending).toEqual({ all: 0, held: 0 });
      for (const { tasks } of world.partitions)
        for (const [id, task] of tasks) {
          expect(rejected.has(id)).toBe(false);
          expect(task.retried).toBe(retried.get(id) ?? 0);
        }
    }),
    runs,
  );
});

test('of a client that is gone nothing is left, at no router and at no leader', () => {
  fc.assert(
    fc.property(drawn, (draws) => {
      const played = play(draws);
      const { routers, hosts } = played.world;
      for (const [node, router] of routers.entries()) router.removeClient(clientOf(node));
      played.pending.clear();
      played.rest();
      for (const router of routers) expect(router.pending).toEqual({ all: 0, held: 0 });
      for (const { led, notices } of hosts) {
        expect([...led.values()].flatMap(({ waiting }) => waiting)).toEqual([]);
        expect(notices.size).toBe(0);
      }
    }),
    runs,
  );
});
