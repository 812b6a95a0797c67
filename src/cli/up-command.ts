/** The command lines of `tutti up` and `tutti join`. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { findNatsServer } from '../engine/nats/server-binary.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { beginCluster, enterCluster } from '../machine/enter.ts';
import { defaultPartitions, memberName } from '../node/cluster-options.ts';
import { checkTakeable } from '../node/embedded-folder.ts';
import type { LogLevel } from '../node/options.ts';
import { nodeEnv } from '../platform/node.ts';
import { isIdentityName } from '../security/identity.ts';
import { appAddress } from './app-file.ts';
import {
  dataOption,
  executorsOption,
  hangLimitOption,
  logLevelOption,
  slotsOption,
  someText,
  wholeNumber,
  withExamples,
} from './command-options.ts';
import type { Shell } from './shell.ts';
import { allowOriginOption, type TlsOptions, tlsCertOption, tlsKeyOption, tlsOf } from './tls-options.ts';
import { Up, type UpSettings } from './up.ts';

type MachineOptions = TlsOptions & {
  readonly data: string;
  readonly host?: string;
  readonly port?: number;
  readonly name?: string;
  readonly location?: string;
  readonly executors?: number;
  readonly slots?: number;
  readonly hangLimit?: number;
  readonly allowOrigin?: readonly string[];
  readonly https?: boolean;
  readonly natsCa?: string;
  readonly logLevel: LogLevel;
};

type UpOptions = MachineOptions & {
  readonly replicas?: '1' | '3';
  readonly cluster?: string;
  readonly partitions?: number;
  readonly nats?: readonly string[];
  readonly gatewayToken?: string;
  readonly from?: string;
};

type JoinOptions = MachineOptions & { readonly token?: string; readonly replace?: string };

const restart = `
The same command again on the same data folder comes back; what makes the cluster is fixed by then, and no token is needed.
SIGTERM and Ctrl-C give what the node holds to other nodes, then end it and its server; a second one ends it at once.
Exit codes: 0 stopped, 2 usage or an app that does not load, 3 NATS or the cluster cannot be reached, 4 port, folder, name or token is taken.`;

export const addUpCommands = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  machineOptions(
    withExamples(
      program.command('up'),
      'make this machine the first of a cluster',
      `Makes this machine the first of a cluster, or brings it back: starts a NATS server, a node of the app and its gateway, and prints the
command with which another machine joins. JSON lines on stderr.`,
      [
        'tutti up app.ts --host 10.0.0.7',
        'tutti up app.ts --host 10.0.0.7 --replicas 3    waits for two more machines',
        'tutti up app.ts --nats nats://nats-1:4222       on servers that are there',
        'tutti up app.ts --from .tutti                   with the tasks that one process had; its folder stays as it was',
      ],
    ),
  )
    .addOption(
      new Option('--replicas <n>', 'copies of everything, each on a machine of its own (default: 1)').choices([
        '1',
        '3',
      ]),
    )
    .addOption(new Option('--cluster <name>', 'the name of the cluster (default: tutti)').argParser(nameText))
    .addOption(
      new Option('--partitions <n>', 'partitions of a new cluster (default: 3 with three copies, else 2)')
        .env('TUTTI_PARTITIONS')
        .argParser(wholeNumber(1, limits.partitionsMax)),
    )
    .addOption(
      new Option(
        '--nats <url>',
        'NATS servers that are there, instead of own ones; may be given several times',
      ).argParser((text, before: readonly string[] = []) => [...before, natsUrl(text)]),
    )
    .addOption(
      new Option(
        '--from <dir>',
        'begin the cluster with the tasks of this data folder, which no process holds; --data is then <dir>-cluster if not said',
      ).argParser(someText),
    )
    .addOption(
      new Option('--gateway-token <token>', 'what requests must name (default: made where other machines reach it)')
        .env('TUTTI_TOKEN')
        .argParser(someText),
    )
    .addHelpText('after', restart)
    .action(async (app: string, options: UpOptions, command: Command) => exit(await up(app, options, shell, command)));
  machineOptions(
    withExamples(
      program.command('join'),
      'make this machine one more of a cluster',
      'Makes this machine one more of a cluster, or brings it back: with the address and token that `tutti up` or `tutti token` printed\nthere. JSON lines on stderr.',
      [
        'tutti join 10.0.0.7:8485 --token tutti1… app.ts',
        'tutti join 10.0.0.7:8485 --token tutti1… --replace n2 app.ts    with its own copies of what n2 had',
      ],
    ),
    true,
  )
    .addOption(new Option('--token <token>', 'that `tutti up` or `tutti token` printed').env('TUTTI_JOIN_TOKEN'))
    .addOption(
      new Option(
        '--replace <machine>',
        'take the place of that one, which ran a NATS server and is gone for good',
      ).argParser(nameText),
    )
    .addHelpText('after', restart)
    .action(async (address: string, app: string, options: JoinOptions) =>
      exit(await join(address, app, options, shell)),
    );
};

const machineOptions = (command: Command, joins = false): Command => {
  if (joins) command.argument('<address>', 'where the cluster began, host:port');
  return command
    .argument('<app>', "the app's module, a .ts or .js file")
    .addOption(
      new Option(
        '--host <address>',
        joins
          ? 'the address at which others reach this machine (default: that from which it reaches the cluster)'
          : 'the address at which others reach this machine (default: 127.0.0.1, where no other does)',
      )
        .env('TUTTI_HOST')
        .argParser(someText),
    )
    .addOption(
      new Option('--port <n>', `the first of six ports in a row, 0 for any (default: ${limits.gatewayPortDefault})`)
        .env('TUTTI_PORT')
        .argParser(wholeNumber(0, 65_530)),
    )
    .addOption(
      new Option('--name <name>', 'of this machine in the cluster (default: its host name)')
        .env('TUTTI_NAME')
        .argParser(nameText),
    )
    .addOption(
      new Option('--location <place>', 'where it is, such as eu/zone-1: standbys are kept apart').argParser(someText),
    )
    .addOption(dataOption())
    .addOption(executorsOption())
    .addOption(slotsOption())
    .addOption(hangLimitOption())
    .addOption(tlsCertOption())
    .addOption(tlsKeyOption())
    .option('--https', "serve with the machine's own certificate on the loopback too")
    .addOption(allowOriginOption())
    .addOption(new Option('--nats-ca <file>', 'authority of NATS servers that are there, PEM').argParser(someText))
    .addOption(logLevelOption('info'));
};

const settingsOf = (app: string, options: MachineOptions, shell: Shell): UpSettings => {
  const user = shell.environment['TUTTI_NATS_USER'];
  return {
    app: appAddress(shell.cwd, app),
    appAsGiven: app,
    data: resolve(shell.cwd, options.data),
    executors: options.executors,
    slots: options.slots,
    hangLimitMs: options.hangLimit,
    logLevel: options.logLevel,
    tls: tlsOf(options, shell.cwd),
    https: options.https === true,
    allowOrigins: options.allowOrigin ?? [],
    natsCa: options.natsCa === undefined ? undefined : resolve(shell.cwd, options.natsCa),
    natsUser: user === undefined ? undefined : { user, password: shell.environment['TUTTI_NATS_PASSWORD'] ?? '' },
    fixed: { host: options.host, port: options.port, name: options.name, location: options.location },
  };
};

const up = async (app: string, options: UpOptions, shell: Shell, command: Command): Promise<number> => {
  const { cluster = 'tutti', replicas = '1', nats = [] } = options;
  const from = options.from === undefined ? undefined : resolve(shell.cwd, options.from);
  // What is taken is most likely the default itself, and stays as it is.
  const beside = from !== undefined && command.getOptionValueSource('data') === 'default';
  const settings = { ...settingsOf(app, beside ? { ...options, data: `${from}-cluster` } : options, shell), from };
  return new Up(settings, shell, async (folder) => {
    if (from !== undefined) checkTakeable(from);
    if (nats.length === 0) await findNatsServer(shell.environment);
    return beginCluster(
      folder,
      {
        cluster,
        name: options.name ?? memberName(),
        host: options.host ?? '127.0.0.1',
        port: options.port ?? limits.gatewayPortDefault,
        location: options.location ?? '',
        replicas: Number(replicas),
        partitions: options.partitions ?? defaultPartitions(Number(replicas)),
        nats,
        gatewayToken: options.gatewayToken,
      },
      nodeEnv(),
    );
  }).go();
};

const join = async (address: string, app: string, options: JoinOptions, shell: Shell): Promise<number> => {
  const settings = { ...settingsOf(app, options, shell), replaces: options.replace };
  return new Up(settings, shell, async (folder) => {
    const { token } = options;
    if (token === undefined)
      throw new TuttiError(
        'OPTION_INVALID',
        'Name the token (--token, or TUTTI_JOIN_TOKEN) that was printed where the cluster began. Another one is made there with: tutti token',
        { details: { option: 'token' } },
      );
    return enterCluster(
      folder,
      {
        address,
        token,
        name: options.name ?? memberName(),
        host: options.host,
        port: options.port ?? limits.gatewayPortDefault,
        location: options.location ?? '',
        hasServer: await hasServer(shell),
        replaces: options.replace,
      },
      nodeEnv(),
    );
  }).go();
};

/** The cluster says whether one is needed. */
const hasServer = async (shell: Shell): Promise<boolean> => {
  try {
    await findNatsServer(shell.environment);
    return true;
  } catch (error) {
    if (isTuttiError(error) && error.code === 'ENGINE_MISSING') return false;
    throw error;
  }
};

const nameText = (text: string): string => {
  if (isIdentityName(text) && !text.includes('.')) return text;
  throw new TuttiError(
    'OPTION_INVALID',
    `${JSON.stringify(text)} cannot be a name: use up to 63 of A–Z a–z 0–9 _ - with a letter or digit first.`,
  );
};

const natsUrl = (text: string): string => {
  if (/^(nats|tls):\/\/[^\s/]+$/.test(text)) return text;
  throw new TuttiError('OPTION_INVALID', `${JSON.stringify(text)} is no NATS server, such as nats://nats-1:4222.`);
};
