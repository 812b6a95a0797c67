/** `tutti pin` and `tutti throttle`: where a partition of a cluster is to be led, said to a node of it on this machine. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { isWithin } from '../app/place.ts';
import type { PlacementWish } from '../cluster/map-wishes.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { askHolder } from '../node/control-socket.ts';
import type { Overview } from '../protocol/overview.ts';
import { dataOption, someText, wholeNumber, withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import type { Shell } from './shell.ts';

type Options = { readonly data: string; readonly off?: boolean };

/** As far as the node of this folder knows. */
const isSomebodyWithin = async (folder: string, place: string): Promise<boolean> => {
  const { cluster } = (await askHolder(folder, 'overview')) as Overview;
  return cluster?.members.some((member) => member.state === 'up' && isWithin(member, place)) !== false;
};

const partitionNumber = wholeNumber(0, limits.partitionsMax - 1);

export const addPlacementCommands = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  const place = async (data: string, wish: PlacementWish, said: string): Promise<void> => {
    const folder = resolve(shell.cwd, data);
    await askHolder(folder, 'place', wish);
    const { pinned = '' } = wish;
    const isThere = await isSomebodyWithin(folder, pinned);
    shell.say(`${said}${isThere ? '' : ' Nobody is there now: until somebody is, it is led elsewhere.'}\n`);
    exit(exitCode.ok);
  };
  withExamples(
    program.command('pin'),
    'have a partition of a cluster led in one place',
    'Has a partition led in one place, such as eu, eu/zone-1 or a node, whatever the balance; where nobody is there, it is led elsewhere. It moves when its new leader is ready.',
    ['tutti pin 3 eu/zone-1 --data /srv/shop', 'tutti pin 3 n2', 'tutti pin 3 --off'],
  )
    .argument('<partition>', 'its number', partitionNumber)
    .argument('[place]', 'where it is to be led', someText)
    .option('--off', 'anywhere again')
    .addOption(dataOption())
    .action(async (partition: number, where: string | undefined, { data, off }: Options) => {
      if ((where === undefined) !== (off === true))
        throw new TuttiError('OPTION_INVALID', `Name a place, or --off: tutti pin ${partition} eu/zone-1`, {
          details: { option: 'place' },
        });
      const said = where === undefined ? 'may be led anywhere' : `is to be led at ${where}`;
      await place(data, { partition, pinned: where ?? '' }, `Partition ${partition} ${said}.`);
    });
  withExamples(
    program.command('throttle'),
    'have a partition of a cluster stay where it is',
    'Has a partition stay where it is while the node that leads it is there: it is not moved to balance.',
    ['tutti throttle 3 --data /srv/shop', 'tutti throttle 3 --off'],
  )
    .argument('<partition>', 'its number', partitionNumber)
    .option('--off', 'it may be moved again')
    .addOption(dataOption())
    .action((partition: number, { data, off }: Options) =>
      place(
        data,
        { partition, throttled: off !== true },
        `Partition ${partition} ${off === true ? 'may be moved' : 'stays where it is'}.`,
      ),
    );
};
