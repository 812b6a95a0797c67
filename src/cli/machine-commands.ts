/** `tutti token`, `tutti drain` and `tutti leave`: what is asked of the process that runs a machine of a cluster (`tutti up`, `tutti join`). */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { dataOption, durationText, someText, withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import { askMachine, type MachineMethods } from './machine-socket.ts';
import type { Shell } from './shell.ts';
import { joinCommand } from './up.ts';

type TokenOptions = {
  readonly data: string;
  readonly host?: readonly string[];
  readonly expires?: number;
  readonly json?: boolean;
  readonly gateway?: boolean;
};
type DrainOptions = { readonly data: string; readonly undo?: boolean };
type LeaveOptions = { readonly data: string; readonly yes?: boolean; readonly dryRun?: boolean };

export const addMachineCommands = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  withExamples(
    program.command('token'),
    'print the command with which a machine joins',
    'Makes a token, which works once, and prints the command with which a machine joins. Where the cluster began.',
    ['tutti token', "tutti token --expires '1 day' --host db-3.example"],
  )
    .addOption(dataOption())
    .addOption(
      new Option(
        '--host <name>',
        'an address or name of that machine, other than the one that it comes from',
      ).argParser((text, before: readonly string[] = []) => [...before, someText(text)]),
    )
    .addOption(new Option('--expires <duration>', 'how long it is good (default: 1 h)').argParser(durationText))
    .option('--gateway', 'print what requests at the gateways must name, instead')
    .option('--json', 'print JSON, for programs')
    .action(async (options: TokenOptions) => exit(await token(options, shell)));
  withExamples(
    program.command('drain'),
    'have a machine of a cluster give away what it holds',
    'Has the node of a machine give everything to the others and end. Its process and its NATS server go on; it stays so over restarts.',
    ['tutti drain', 'tutti drain n2', 'tutti drain --undo'],
  )
    .argument('[machine]', 'its name (default: this one)')
    .addOption(dataOption())
    .option('--undo', 'have it take its share again')
    .action(async (name: string | undefined, options: DrainOptions) => exit(await drain(name, options, shell)));
  withExamples(
    program.command('leave'),
    'take a machine out of a cluster for good',
    'Has the node of this machine give everything to the others, takes the machine out of the cluster, and ends its process. Another\nmachine is taken out as it is: drain it first, unless it is dead.',
    ['tutti leave --yes', 'tutti leave n4 --yes', 'tutti leave --dry-run'],
  )
    .argument('[machine]', 'its name (default: this one)')
    .addOption(dataOption())
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--yes', 'do it')
    .action(async (name: string | undefined, options: LeaveOptions) => exit(await leave(name, options, shell)));
};

const ask = async <Method extends keyof MachineMethods>(
  { data }: { readonly data: string },
  shell: Shell,
  method: Method,
  asks: MachineMethods[Method]['asks'],
): Promise<MachineMethods[Method]['answer']> => {
  const folder = resolve(shell.cwd, data);
  try {
    return await askMachine(folder, method, asks);
  } catch (error) {
    if (!isTuttiError(error) || error.code !== 'DATA_UNAVAILABLE') throw error;
    throw new TuttiError(
      'DATA_UNAVAILABLE',
      `No machine of a cluster runs on ${folder} now. One is started with: tutti up app.ts. Name another folder with --data.`,
      { details: { folder }, cause: error },
    );
  }
};

const token = async (options: TokenOptions, shell: Shell): Promise<number> => {
  if (options.gateway === true) {
    const gatewayToken = await ask(options, shell, 'gatewayToken', null);
    if (gatewayToken === null) shell.say('The gateways of this cluster ask for no token.\n');
    else await shell.print(`${gatewayToken}\n`);
    return exitCode.ok;
  }
  const { app, ...issued } = await ask(options, shell, 'token', {
    hosts: options.host ?? [],
    lifeMs: options.expires,
  });
  const { address, token: text, expiresMs } = issued;
  if (options.json === true)
    await shell.print(`${JSON.stringify({ address, token: text, expires: new Date(expiresMs).toISOString() })}\n`);
  else {
    await shell.print(`${joinCommand(issued, app)}\n`);
    shell.say(`Good until ${new Date(expiresMs).toISOString()}, for one machine.\n`);
  }
  return exitCode.ok;
};

const named = (name: string | undefined): { readonly name?: string } => (name === undefined ? {} : { name });

const drain = async (name: string | undefined, options: DrainOptions, shell: Shell): Promise<number> => {
  const drained = options.undo !== true;
  const moved = await ask(options, shell, 'drain', { ...named(name), drained });
  if (!drained) shell.say(`${moved.name} takes its share again.\n`);
  else if (moved.here) shell.say(`${moved.name} holds nothing any more. To undo it: tutti drain --undo\n`);
  else shell.say(`${moved.name} was told to give away what it holds; tutti status shows when it has.\n`);
  return exitCode.ok;
};

const leave = async (name: string | undefined, options: LeaveOptions, shell: Shell): Promise<number> => {
  const what = name === undefined ? 'this machine' : name;
  if (options.dryRun === true || options.yes !== true) {
    shell.say(
      `This would take ${what} out of the cluster for good.${options.dryRun === true ? '' : ' Say so with --yes.'}\n`,
    );
    return options.dryRun === true ? exitCode.ok : exitCode.usage;
  }
  const moved = await ask(options, shell, 'leave', named(name));
  shell.say(`${moved.name} is no machine of the cluster any more.\n`);
  return exitCode.ok;
};
