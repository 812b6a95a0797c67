/** Faults as they strike a world: each is planned by `plan.ts`. */
import type { LogService } from '../../src/engine/simulated/log-service.ts';
import type { SimNode } from './node.ts';
import { calm, type Fault, faultText } from './plan.ts';
import type { World } from './world.ts';

export class Strikes {
  readonly #world: World;
  readonly #bursts: ((count: number) => void)[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** `burst` is called when a client is to ask for much at once. */
  onBurst(burst: (count: number) => void): void {
    this.#bursts.push(burst);
  }

  strike(fault: Fault): void {
    const { simulation, network, nodes, blobs, logs, cluster, losses, damage } = this.#world;
    if (this.#world.faultsOver || losses.forbids(fault) || damage.forbids(fault)) return;
    this.#world.count(`fault ${fault.kind}`);
    this.#world.tell('fault', faultText(fault));
    this.#world.trace?.fault(fault, this.#world.plan.busyMs);
    cluster?.laws.strikes(fault);
    const heal = (forMs: number, kind: string, action: () => void): void => {
      simulation.after(forMs, undefined, `heal ${kind}`, action);
    };
    switch (fault.kind) {
      case 'crash':
        this.#world.crash(this.#node(fault.node), fault.how, fault.downMs);
        break;
      case 'claim':
        if (this.#world.leaderOf(fault.partition) !== undefined) this.#world.count('claimed while another leads');
        this.#node(fault.node).program?.claim(fault.partition);
        break;
      case 'cut': {
        const { name } = this.#node(fault.node);
        network.cut(name, fault.end);
        if (fault.both) network.cut(fault.end, name);
        heal(fault.forMs, 'cut', () => {
          network.heal(name, fault.end);
          network.heal(fault.end, name);
        });
        break;
      }
      case 'disturb':
        this.#node(fault.node).program?.disturb(fault.pick);
        break;
      case 'burst':
        for (const burst of this.#bursts) burst(fault.count);
        break;
      case 'stall':
        this.#node(fault.node).program?.stall(fault.pick, simulation.nowMs + fault.forMs);
        break;
      case 'isolate': {
        const node = this.#node(fault.node);
        network.isolate(node.name);
        heal(fault.forMs, 'isolate', () => network.join(node.name));
        break;
      }
      case 'clock':
        this.#node(fault.node).clock.skewMs = fault.skewMs;
        break;
      case 'fullDisk': {
        const { disk, drive } = this.#node(fault.node);
        drive.strike(fault);
        disk.full = true;
        heal(fault.forMs, 'disk', () => {
          disk.full = false;
        });
        break;
      }
      case 'damageBlob': {
        for (const { drive } of nodes) drive.damageBlob(fault.partition, fault.pick);
        const manifests = blobs.names(`snapshot/${fault.partition}/`);
        // One of the snapshots that are kept may be damaged without loss (S2), not both.
        if (manifests.length > 1 && !manifests.some((name) => blobs.isDamaged(name)))
          blobs.damage(manifests[fault.pick % manifests.length] as string, fault.pick);
        break;
      }
      case 'network':
        network.faults = fault.faults;
        heal(fault.forMs, 'network', () => {
          network.faults = calm.network;
        });
        break;
      case 'log': {
        const log = logs[fault.partition] as LogService;
        log.faults = fault.faults;
        heal(fault.forMs, 'log', () => {
          log.faults = calm.log;
        });
        break;
      }
      case 'logLeader': {
        const log = logs[fault.partition] as LogService;
        log.losesLeader(fault.behindMax);
        heal(fault.forMs, 'logLeader', () => log.electsLeader());
        break;
      }
      case 'crashAtCall':
      case 'failedWrites':
      case 'slowDisk':
      case 'flippedBit':
        this.#node(fault.node).drive.strike(fault);
        break;
      case 'mapCut':
      case 'mapLog':
      case 'mapTail':
      case 'mapAnew':
      case 'drain':
      case 'die':
      case 'flap':
        cluster?.strike(fault);
        break;
      case 'handOver': {
        const [leader, to] = [this.#world.leaderOf(fault.partition), this.#node(fault.node)];
        if (leader !== to) leader?.program?.handOver?.(fault.partition, to.name);
        break;
      }
      case 'damageRow':
        damage.strike(fault);
        break;
      case 'logTail':
      case 'logAnew':
        losses.strike(fault);
        break;
      default:
        fault satisfies never;
    }
  }

  #node(number: number): SimNode {
    const { nodes } = this.#world;
    return nodes[number % nodes.length] as SimNode;
  }
}
