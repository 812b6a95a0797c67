/** Stands for what makes nodes claim, where they are no cluster: a partition that nobody leads is claimed by some node, after a while. */
import type { SimNode } from './node.ts';
import { Dice } from './plan.ts';
import type { World } from './world.ts';

const everyMs = 100;

export const supervise = (world: World): void => {
  const { simulation, plan, nodes, network } = world;
  const dice = new Dice(simulation.random('world'));
  const leads = ({ program }: SimNode, partition: number): boolean => {
    if (program?.busyWith(partition) !== true) return false;
    // A leader that was deposed and has nothing to write does not know it, and counts for nothing.
    const epoch = program.epoch(partition);
    return epoch === 0 || epoch === world.newestEpoch(partition);
  };
  const look = (): void => {
    const up = nodes.filter(({ name, program }) => program !== undefined && !network.isIsolated(name));
    for (let partition = 0; partition < plan.partitions && up.length > 0; partition++)
      if (!up.some((node) => leads(node, partition)) && dice.chance(0.5)) dice.pick(up).program?.claim(partition);
    simulation.after(everyMs, undefined, 'supervise', look);
  };
  look();
};
