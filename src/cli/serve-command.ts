/** The command lines of `tutti serve` and `tutti dev`. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { LogLevel } from '../node/options.ts';
import { appAddress } from './app-file.ts';
import {
  dataOption,
  executorsOption,
  hangLimitOption,
  hostOption,
  logLevelOption,
  partitionsOption,
  portOption,
  slotsOption,
  tokenOption,
  withExamples,
} from './command-options.ts';
import { dev } from './dev.ts';
import { serve } from './serve.ts';
import type { OpenRequest } from './serve-protocol.ts';
import type { Shell } from './shell.ts';
import { allowOriginOption, tlsCertOption, tlsKeyOption, tlsOf } from './tls-options.ts';

type Options = {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly executors?: number;
  readonly slots?: number;
  readonly partitions?: number;
  readonly hangLimit?: number;
  readonly logLevel: LogLevel;
  readonly token?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly allowOrigin?: readonly string[];
};

/** How many ports `tutti dev` looks at. */
const portsOfDev = 20;

export const addServeCommands = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  const about = 'Runs an app and serves it over HTTP and WebSockets, with the page that shows what runs.';
  const devCommand = withExamples(
    program.command('dev'),
    'serve an app while you write it',
    `${about} Starts again when a file of\nthe app is saved, and sees to it that tasks do the same each time they run.`,
    ['tutti dev app.ts', 'tutti dev app.ts --port 3000 --data /tmp/shop'],
  );
  nodeOptions(devCommand, 'warn').action(async (app: string, options: Options) =>
    exit(await dev(app, requestOf(app, options, shell, true), shell)),
  );
  const serveCommand = withExamples(program.command('serve'), 'serve an app', `${about} JSON lines on stderr.`, [
    'tutti serve app.ts --data /srv/shop',
    'TUTTI_TOKEN=… tutti serve app.ts --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem',
  ]);
  nodeOptions(serveCommand, 'info')
    .addHelpText(
      'after',
      `
SIGTERM and Ctrl-C end it when what is under way has been told or given back; a second one ends it at once.
Exit codes: 0 stopped, 2 usage or an app that does not load, 3 the data cannot be reached, 4 port or folder is taken.`,
    )
    .action(async (app: string, options: Options) =>
      exit(await serve(requestOf(app, options, shell, false), options.logLevel)),
    );
};

const nodeOptions = (command: Command, logLevel: LogLevel): Command =>
  command
    .argument('<app>', "the app's module, a .ts or .js file")
    .addOption(hostOption())
    .addOption(portOption())
    .addOption(dataOption())
    .addOption(executorsOption())
    .addOption(slotsOption())
    .addOption(partitionsOption())
    .addOption(hangLimitOption())
    .addOption(tokenOption('what requests must name'))
    .addOption(tlsCertOption())
    .addOption(tlsKeyOption())
    .addOption(allowOriginOption())
    .addOption(logLevelOption(logLevel));

const requestOf = (app: string, options: Options, shell: Shell, development: boolean): OpenRequest => ({
  kind: 'open',
  app: appAddress(shell.cwd, app),
  node: {
    data: resolve(shell.cwd, options.data),
    engine: 'embedded',
    executors: options.executors,
    slots: options.slots,
    partitions: options.partitions,
    logLevel: options.logLevel,
    hangLimitMs: options.hangLimit,
  },
  gateway: {
    host: options.host,
    port: options.port,
    portsTried: development ? portsOfDev : 1,
    token: options.token,
    tls: tlsOf(options, shell.cwd),
    allowOrigins: options.allowOrigin ?? [],
  },
  rehearses: development,
});
