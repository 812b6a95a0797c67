/** Stands for what makes nodes claim, where they are no cluster: a partition that nobody leads is claimed by some node, after a while. */
import type { NodeProgram } from './node.ts';
import { Dice } from './plan.ts';
import type { World } from './world.ts';

const everyMs = 100;

export const supervise = (world: World): void => {
  const { simulation, plan, nodes, network } = world;
  const dice = new Dice(simulation.random('world'));
  const look = (): void => {
    for (let partition = 0; partition < plan.partitions; partition++) {
      // A leader that was deposed and has nothing to write does not know it, and counts for nothing.
      const newest = world.newestEpoch(partition);
      const leads = (program: NodeProgram | undefined): boolean =>
        program?.busyWith(partition) === true && [0, newest].includes(program.epoch(partition));
      const heard = nodes.filter(({ name }) => !network.isIsolated(name));
      if (heard.some(({ program }) => leads(program))) continue;
      const up = heard.filter(({ program }) => program !== undefined);
      if (up.length > 0 && dice.chance(0.5)) dice.pick(up).program?.claim(partition);
    }
    simulation.after(everyMs, undefined, 'supervise', look);
  };
  look();
};
