/**
 * A row of a standby's store that goes bad where it is kept: nobody wrote it, and the store does not notice.
 *
 * What is promised (DESIGN section 3): the next digest of that store that is compared with the leader's differs and is reported,
 * and the store is filled again, whatever else happens; likewise where the row is read and is none. What is not: a replica that comes to
 * lead before leads with a row that can be read. So one that comes to lead, or waits too long for a digest, has its disk taken away.
 * Logs lose nothing meanwhile: who has copies of what they lost might be that replica.
 */
import type { StoreWrite } from '../../src/store/store.ts';
import type { SimNode } from './node.ts';
import type { Fault } from './plan.ts';
import { registerTables } from './registers/node.ts';
import type { World } from './world.ts';

type RowFault = Extract<Fault, { readonly kind: 'damageRow' }>;

const lookEveryMs = 50;
const looksMax = 100;
/** So long a digest is waited for. */
const patienceMs = 10_000;

type Active = {
  readonly node: SimNode;
  readonly partition: number;
  readonly row: StoreWrite;
  /** A digest of a later position is one of the row as it is now. */
  readonly position: number;
  readonly untilMs: number;
  found: boolean;
};

/** A digest that was made before the row was overwritten may be compared afterwards. */
const comparedMs = 5_000;

export class RowDamage {
  readonly #world: World;
  #active: Active | undefined;
  #overwritten: { readonly name: string; readonly partition: number; readonly untilMs: number } | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** A row is bad, and nobody has filled the store again. */
  get active(): boolean {
    return this.#active !== undefined;
  }

  forbids(fault: Fault): boolean {
    return this.#active !== undefined && (fault.kind === 'logTail' || fault.kind === 'logAnew');
  }

  isIn(name: string, partition: number): boolean {
    return this.#active?.node.name === name && this.#active.partition === partition;
  }

  strike(fault: RowFault, looks = looksMax): void {
    const { simulation, nodes, losses, faultsOver } = this.#world;
    if (faultsOver || this.#active !== undefined) return;
    const node = nodes[fault.node % nodes.length] as SimNode;
    const standby = node.program?.standby?.(fault.partition);
    const row =
      losses.active || standby === undefined || this.#world.leaderOf(fault.partition) === undefined
        ? undefined
        : node.disk.flipRow(
            fault.partition,
            registerTables.map(({ id }) => id),
            fault.pick,
          );
    if (standby === undefined || row === undefined) {
      if (looks > 0) simulation.after(lookEveryMs, undefined, 'damage', () => this.strike(fault, looks - 1));
      return;
    }
    const { position } = standby;
    const { partition } = fault;
    this.#active = { node, partition, row, position, untilMs: simulation.nowMs + patienceMs, found: false };
    this.#world.count('row damaged');
    this.#world.tell('row damaged', `partition ${partition} at ${node.name}, table ${row[0]}`);
    this.#watch();
  }

  #watch(): void {
    const active = this.#active;
    if (active === undefined) return;
    const { simulation } = this.#world;
    const { node, partition, row, found, untilMs } = active;
    if (!node.disk.holds(partition, row)) {
      this.#world.count(found ? 'store filled again' : 'damaged row overwritten');
      this.#active = undefined;
      this.#overwritten = { name: node.name, partition, untilMs: simulation.nowMs + comparedMs };
    } else if (found && node.program?.standby?.(partition) !== undefined)
      // It was closed when it was found.
      this.#world.violated('damage found', `${node.name} has opened partition ${partition} again with its damaged row`);
    else if (node.program?.busyWith(partition) === true || simulation.nowMs > untilMs) this.#replaceDisk();
    else simulation.after(lookEveryMs, undefined, 'damage', () => this.#watch());
  }

  #replaceDisk(): void {
    const { node } = this.#active ?? {};
    this.#active = undefined;
    if (node === undefined) return;
    this.#world.count('damaged disk replaced');
    node.end('lost');
    node.start();
  }

  /** A node leads from now on. */
  leads(name: string, partition: number): void {
    if (this.isIn(name, partition)) this.#world.simulation.after(0, undefined, 'damage', () => this.#replaceDisk());
  }

  /** A node said something of itself. */
  emitted(name: string, event: string, { partition, position }: Readonly<Record<string, unknown>>): void {
    const active = this.#active;
    if (event !== 'digest.same' || active === undefined || !this.isIn(name, partition as number)) return;
    if ((position as number) > active.position && active.node.disk.holds(active.partition, active.row))
      this.#world.violated(
        'damage found',
        `partition ${active.partition} at ${name}: the digest at ${position} is its leader's, and a row of it is damaged`,
      );
  }

  /** Whether a replica stops because its row is bad. */
  explains(name: string, partition: number, code: unknown): boolean {
    // One that leads, or is about to, may come upon the row itself.
    if (code !== 'REPLICA_DIFFERS' && code !== 'STORE_FAILED') return false;
    const before = this.#overwritten;
    if (before?.name === name && before.partition === partition && this.#world.simulation.nowMs < before.untilMs)
      return true;
    if (!this.isIn(name, partition)) return false;
    (this.#active as Active).found = true;
    this.#world.count('damage found');
    return true;
  }

  endFaults(): void {
    this.#replaceDisk();
  }
}
