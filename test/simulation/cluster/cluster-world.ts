/** The cluster of a simulated world, from outside: the log of maps, what befalls membership, and what must hold of it. */
import { type ClusterMap, takesPart } from '../../../src/cluster/cluster-map.ts';
import type { ClusterNode } from '../../../src/cluster/cluster-node.ts';
import { encodeMap } from '../../../src/cluster/map-record.ts';
import { placePartitions } from '../../../src/cluster/placement.ts';
import { LogService } from '../../../src/engine/simulated/log-service.ts';
import type { Life } from '../../../src/engine/simulated/simulation.ts';
import type { SimNode } from '../node.ts';
import { calm } from '../plan.ts';
import type { World } from '../world.ts';
import { ClusterLaws } from './cluster-laws.ts';
import type { ClusterPlan, MemberFault } from './cluster-plan.ts';

export const mapLogEnd = 'log map';
/** After the faults, each partition is led again within this: silence is noticed, the map is read, waits run out. */
export const ledAgainMs = 20_000;
/** After the faults, all that they did is noticed within this. */
const noticedMs = 3_000;
/** So long after a run that came to rest it is watched. */
const stableMs = 10_000;

export class ClusterWorld {
  readonly plan: ClusterPlan;
  readonly log: LogService;
  readonly laws: ClusterLaws;
  readonly #world: World;
  /** Nodes that left for good. */
  readonly #retired = new Set<SimNode>();
  /** Runs of nodes that were told to leave, and for how long. */
  readonly #leaving = new Map<Life, number | undefined>();
  /** How many have left and will come back. */
  #away = 0;
  #flapsUntilMs = 0;
  /** What puts right each log of maps that has taken the name of another one. */
  readonly #strangeLogs = new Set<() => void>();

  constructor(world: World, plan: ClusterPlan) {
    this.#world = world;
    this.plan = plan;
    this.laws = new ClusterLaws(world);
    this.log = new LogService(world.simulation, 'map');
    this.log.onLanded = (position, bytes) => this.laws.landed(position, bytes);
  }

  /** Starts the nodes, each at its time. */
  begin(): void {
    const { nodes, simulation } = this.#world;
    for (const [number, node] of nodes.entries())
      simulation.after(this.plan.members[number]?.absentMs ?? 0, undefined, 'start', () => node.start());
    simulation.after(this.#world.plan.busyMs + ledAgainMs, undefined, 'led again', () => this.#checkLed());
  }

  // --- What befalls it

  strike(fault: MemberFault): void {
    const { simulation, network } = this.#world;
    switch (fault.kind) {
      case 'mapCut': {
        const { name } = this.#node(fault.node);
        network.cut(name, mapLogEnd);
        if (fault.both) network.cut(mapLogEnd, name);
        simulation.after(fault.forMs, undefined, 'heal mapCut', () => {
          network.heal(name, mapLogEnd);
          network.heal(mapLogEnd, name);
        });
        break;
      }
      case 'mapLog':
        this.log.faults = fault.faults;
        simulation.after(fault.forMs, undefined, 'heal mapLog', () => {
          this.log.faults = calm.log;
        });
        break;
      case 'mapTail':
        this.#world.count('map log tail lost');
        this.log.loseTail(fault.records);
        this.laws.lostMaps(this.log);
        break;
      case 'mapAnew': {
        this.#world.count('map log made anew');
        const lost = this.log.makeAnew(fault.stray);
        this.laws.lostMaps(this.log);
        if (fault.forMs === undefined) break;
        const putRight = (): void => {
          if (!this.#strangeLogs.delete(putRight)) return;
          this.log.putRight(lost);
          this.laws.lostMaps(this.log);
        };
        this.#strangeLogs.add(putRight);
        simulation.after(fault.forMs, undefined, 'heal mapAnew', putRight);
        break;
      }
      case 'drain': {
        const node = this.#node(fault.node);
        if (node.life === undefined || node.program === undefined || !this.#someoneStays(node)) break;
        this.#leaving.set(node.life, fault.downMs);
        node.program.cluster?.drain();
        break;
      }
      case 'die': {
        const node = this.#node(fault.node);
        if (!this.#someoneStays(node)) break;
        this.#retired.add(node);
        this.#world.endNode(node, 'lost');
        break;
      }
      case 'flap':
        this.#flapsUntilMs = Math.max(this.#flapsUntilMs, simulation.nowMs + 2 * fault.times * fault.everyMs);
        for (let time = 0; time < fault.times; time++)
          simulation.after(2 * time * fault.everyMs, undefined, 'flap', () => {
            if (this.#world.faultsOver) return;
            const node = this.#node(fault.node);
            this.#world.endNode(node, 'kill');
            simulation.after(fault.everyMs, undefined, 'start', () => node.start());
          });
        break;
      default:
        fault satisfies never;
    }
  }

  /** Some node is leaving, or ends again and again, or who begins anew would not read the newest map. */
  get restless(): boolean {
    const maps = this.#world.nodes.flatMap(({ program }) => program?.cluster?.map ?? []);
    const newest = maps.sort((a, b) => b.version - a.version)[0];
    return (
      this.#world.simulation.nowMs < this.#flapsUntilMs ||
      [...this.#leaving.keys()].some(({ alive }) => alive) ||
      this.log.faults !== calm.log ||
      newest === undefined ||
      this.#whyNotShown(newest) !== undefined
    );
  }

  /** The last one has nobody to give anything to. */
  #someoneStays(but: SimNode): boolean {
    return this.#world.nodes.some(
      (node) => node !== but && node.life !== undefined && !this.#leaving.has(node.life) && !this.#retired.has(node),
    );
  }

  #node(number: number): SimNode {
    return this.#world.nodes[number % this.#world.nodes.length] as SimNode;
  }

  endFaults(): void {
    this.log.faults = calm.log;
    for (const putRight of this.#strangeLogs) putRight();
  }

  mayStart(node: SimNode): boolean {
    return !this.#retired.has(node);
  }

  /** A node has given away everything and left. */
  left(node: SimNode, life: Life, held: string): void {
    const { simulation } = this.#world;
    if (held !== '') this.#world.violated('drained', `${node.name} has left and still ${held}`);
    const downMs = this.#leaving.get(life);
    this.#world.count(downMs === undefined ? 'left for good' : 'left');
    if (downMs === undefined) this.#retired.add(node);
    else this.#away++;
    simulation.after(0, undefined, 'leaves', () => {
      this.#world.endNode(node, 'kill');
      if (downMs === undefined) return;
      simulation.after(downMs, undefined, 'start', () => {
        this.#away--;
        node.start();
      });
    });
  }

  // --- What must hold

  /** While nothing happens, nothing changes; and all nodes have folded the same map. */
  async checkStable(): Promise<void> {
    const { simulation, counts, nodes } = this.#world;
    this.laws.checkKept();
    const folds = nodes.flatMap(({ program }) => program?.cluster?.map ?? []).map((map) => encodeMap(map));
    if (Buffer.compare(this.log.at(this.log.end) ?? new Uint8Array(), folds[0] as Uint8Array) !== 0)
      this.#world.violated('one map', 'who joins next reads another map in the log than the one that all nodes know');
    if (folds.some((bytes) => Buffer.compare(bytes, folds[0] as Uint8Array) !== 0))
      this.#world.violated('one map', 'nodes differ about the newest version of the map');
    for (const { program } of nodes) if (program?.cluster?.map !== undefined) this.laws.checkApart(program.cluster.map);
    const changes = (): string =>
      JSON.stringify([counts.get('leader change'), nodes.find(({ up }) => up)?.program?.cluster?.map?.partitions]);
    const before = changes();
    await simulation.run(simulation.nowMs + stableMs);
    const after = changes();
    if (before !== after) this.#world.violated('stable', `${stableMs} ms at rest made ${after} of ${before}`);
  }

  #checkLed(): void {
    const { simulation, endedMs } = this.#world;
    // Tasks end their processes after the faults too.
    const leftMs = Math.ceil(endedMs + ledAgainMs - simulation.nowMs);
    if (leftMs > 0) {
      simulation.after(leftMs, undefined, 'led again', () => this.#checkLed());
      return;
    }
    for (const [partition] of this.#world.landed.entries())
      if (this.#world.leaderOf(partition) === undefined)
        this.#world.violated(
          'led again',
          `partition ${partition} has no leader ${ledAgainMs} ms after the last fault, or the last process that ended`,
        );
  }

  /** What keeps the cluster from being at rest; undefined: it is. */
  unrest(): string | undefined {
    const { simulation, plan } = this.#world;
    if (simulation.nowMs < plan.busyMs + noticedMs) return 'what the faults did may not have been noticed yet';
    const leaving = [...this.#leaving.keys()].find(({ alive }) => alive);
    if (leaving !== undefined) return `${leaving.name} is to leave`;
    if (this.#away > 0) return `${this.#away} that left will come back`;
    const running = this.#world.nodes.filter(({ up }) => up);
    const maps: ClusterMap[] = [];
    for (const { name, program } of running) {
      const { map } = (program?.cluster as ClusterNode | undefined) ?? {};
      if (map === undefined) return `${name} knows no map`;
      maps.push(map);
    }
    const [map] = maps;
    if (map === undefined) return 'nobody is there';
    const other = maps.findIndex(({ version }) => version !== map.version);
    if (other > 0)
      return `${running[0]?.name} knows version ${map.version}, ${running[other]?.name} version ${maps[other]?.version}`;
    for (const { id, state } of map.members.filter(takesPart)) {
      if (!running.some(({ name }) => name === id)) return `${id} is ${state} and does not run`;
      if (state !== 'up') return `${id} is ${state}`;
    }
    for (const { life } of running)
      if (!map.members.some(({ token, state }) => token === life?.name && state === 'up'))
        return `${life?.name} is not up`;
    for (const [partition, { leader }] of map.partitions.entries()) {
      const other = running.find(({ name, program }) => name !== leader && program?.busyWith(partition) === true);
      if (other !== undefined) return `${other.name} leads or claims partition ${partition}, ${leader} is to`;
      if (this.#world.leaderOf(partition)?.name !== leader)
        return `${this.#world.leaderOf(partition)?.name} leads partition ${partition}, ${leader} is to`;
    }
    return this.#whyNotBalanced(map) ?? this.#laggingStandby(map) ?? this.#whyNotShown(map);
  }

  /** A log that lost it gets the newest map back once somebody has looked. */
  #whyNotShown(map: ClusterMap): string | undefined {
    const isShown = Buffer.compare(this.log.at(this.log.end) ?? new Uint8Array(), encodeMap(map)) === 0;
    return isShown ? undefined : `the log of maps does not end with version ${map.version}`;
  }

  #laggingStandby(map: ClusterMap): string | undefined {
    for (const [partition, { standbys }] of map.partitions.entries())
      for (const { name, program } of this.#world.nodes) {
        if (!standbys.includes(name)) continue;
        const [position, end] = [program?.standby?.(partition)?.position, this.#world.logs[partition]?.end];
        if (position !== end) return `${name} follows partition ${partition} to ${position} of ${end}`;
      }
    return undefined;
  }

  #whyNotBalanced(map: ClusterMap): string | undefined {
    const members = map.members.filter(({ state }) => state === 'up');
    const places = placePartitions(members, map.partitions, map.settings.standbys);
    for (const [partition, { leader, standbys }] of map.partitions.entries()) {
      const goal = places[partition];
      if (goal?.leader !== leader || [...goal.standbys].sort().join() !== [...standbys].sort().join())
        return `partition ${partition} is led by ${leader} beside ${standbys.join()}, and is to be by ${goal?.leader} beside ${goal?.standbys.join()}`;
    }
    return undefined;
  }
}
