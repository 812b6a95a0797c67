/** The command lines of `tutti serve` and `tutti dev`. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, Option } from 'commander';
import { TuttiError } from '../errors/tutti-error.ts';
import type { LogLevel } from '../node/options.ts';
import { appFile } from './app-file.ts';
import {
  dataOption,
  executorsOption,
  hangLimitOption,
  hostOption,
  logLevelOption,
  partitionsOption,
  portOption,
  someText,
  tokenOption,
  withExamples,
} from './command-options.ts';
import { dev } from './dev.ts';
import { serve } from './serve.ts';
import type { OpenRequest } from './serve-protocol.ts';
import type { Shell } from './shell.ts';

type Options = {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly executors?: number;
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
    .addOption(partitionsOption())
    .addOption(hangLimitOption())
    .addOption(tokenOption('what requests must name'))
    .addOption(new Option('--tls-cert <file>', 'certificate with its chain, PEM').env('TUTTI_TLS_CERT'))
    .addOption(new Option('--tls-key <file>', 'its key, PEM').env('TUTTI_TLS_KEY'))
    .addOption(
      new Option('--allow-origin <origin>', 'pages of this origin may use it; may be given several times').argParser(
        (text, before: readonly string[] = []) => [...before, someText(text)],
      ),
    )
    .addOption(logLevelOption(logLevel));

const requestOf = (app: string, options: Options, shell: Shell, development: boolean): OpenRequest => ({
  kind: 'open',
  app: pathToFileURL(appFile(resolve(shell.cwd, app), app)).href,
  node: {
    data: resolve(shell.cwd, options.data),
    engine: 'embedded',
    executors: options.executors,
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

const tlsOf = (
  { tlsCert, tlsKey }: Options,
  cwd: string,
): { readonly cert: string; readonly key: string } | undefined => {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  const missing = tlsCert === undefined ? '--tls-cert' : '--tls-key';
  if (tlsCert === undefined || tlsKey === undefined)
    throw new TuttiError('OPTION_INVALID', `--tls-cert and --tls-key belong together: ${missing} is missing.`, {
      details: { option: missing },
    });
  return { cert: textOf('--tls-cert', resolve(cwd, tlsCert)), key: textOf('--tls-key', resolve(cwd, tlsKey)) };
};

const textOf = (option: string, path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TuttiError('OPTION_INVALID', `The file of ${option} cannot be read: ${(cause as Error).message}`, {
      details: { option },
      cause,
    });
  }
};
