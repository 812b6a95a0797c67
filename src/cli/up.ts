/**
 * `tutti up` and `tutti join`: a machine of a cluster (`src/machine`) and, in a process of its own, the node and gateway that run on it.
 *
 * States: entering (the first time) → waiting (for NATS) → what `Serve` does, at rest while the machine is drained → ended.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { Machine, type MachineTls } from '../machine/machine.ts';
import { MachineFolder, type MachineSettings } from '../machine/machine-folder.ts';
import { portOf } from '../machine/ports.ts';
import type { ClusterOptions } from '../node/cluster-options.ts';
import type { FolderSocket } from '../node/folder-socket.ts';
import type { LogLevel } from '../node/options.ts';
import { createLog, type Log } from '../observe/log.ts';
import { nodeEnv } from '../platform/node.ts';
import { serveMachine } from './machine-socket.ts';
import { Serve } from './serve.ts';
import type { OpenRequest } from './serve-protocol.ts';
import type { Shell } from './shell.ts';
import { shellLine } from './shell-words.ts';

export type UpSettings = {
  /** Address of the app's module, and how the user called it. */
  readonly app: string;
  readonly appAsGiven: string;
  readonly data: string;
  readonly executors: number | undefined;
  readonly slots: number | undefined;
  readonly hangLimitMs: number | undefined;
  readonly logLevel: LogLevel;
  readonly tls: MachineTls | undefined;
  /** With the machine's certificate also on the loopback. */
  readonly https: boolean;
  readonly allowOrigins: readonly string[];
  /** The data folder of an embedded node, with whose tasks the cluster begins. */
  readonly from?: string | undefined;
  readonly natsCa: string | undefined;
  readonly natsUser: { readonly user: string; readonly password: string } | undefined;
  /** The machine, gone for good, whose place this one takes. */
  readonly replaces?: string | undefined;
  /** What the folder says once it belongs to a cluster. */
  readonly fixed: Partial<Readonly<Record<'host' | 'name' | 'location', string | undefined>>> & {
    readonly port: number | undefined;
  };
};

/** Makes the folder that of a machine of a cluster. */
export type Enter = (folder: MachineFolder) => Promise<MachineSettings>;

export class Up {
  readonly #settings: UpSettings;
  readonly #shell: Shell;
  readonly #enter: Enter;
  readonly #log: Log;
  readonly #serve: Serve;
  #folder: MachineFolder | undefined;
  #machine: Machine | undefined;
  #socket: FolderSocket | undefined;

  constructor(settings: UpSettings, shell: Shell, enter: Enter) {
    this.#settings = settings;
    this.#shell = shell;
    this.#enter = enter;
    this.#log = createLog(settings.logLevel);
    this.#serve = new Serve(this.#log, (signal) => this.#prepare(signal));
  }

  /** Settles with the exit code. Rejects with what kept it from starting. */
  async go(): Promise<number> {
    try {
      return await this.#serve.go();
    } finally {
      await this.#socket?.close();
      if (this.#machine === undefined) this.#folder?.release();
      else await this.#machine.close();
    }
  }

  async #prepare(signal: AbortSignal): Promise<OpenRequest> {
    const folder = new MachineFolder(this.#settings.data);
    this.#folder = folder;
    const known = folder.settings();
    const isNew = known === undefined || known.role === 'left';
    if (isNew) await this.#enter(folder);
    else checkFixed(known, this.#settings);
    const machine = await Machine.open(folder, nodeEnv(), {
      say: (level, fields, text) => this.#log[level](fields, text),
      drained: (drained) => {
        if (drained) void this.#serve.rest();
        else this.#serve.goOn();
      },
      renewed: (tls) => {
        if (this.#settings.tls === undefined) this.#serve.renewTls(tls);
      },
      trouble: (trouble) => this.#serve.serverTrouble(trouble),
      removed: () => {
        this.#log.warn({}, 'this machine was taken out of the cluster');
        machine.forget();
        this.#serve.end();
      },
    });
    this.#machine = machine;
    this.#socket = await serveMachine(folder.path, {
      machine,
      app: this.#settings.appAsGiven,
      rest: () => this.#serve.rest(),
      goOn: () => this.#serve.goOn(),
      end: () => this.#serve.end(),
    });
    const { from } = this.#settings;
    if (from !== undefined)
      this.#log.info(
        { from, data: folder.path },
        'the cluster begins with the tasks of one folder; this machine has the other (--data)',
      );
    if (machine.settings.role === 'began') await this.#tellHowToJoin(machine, isNew);
    await machine.start(signal);
    if (machine.drained) void this.#serve.rest();
    return this.#request(machine);
  }

  async #tellHowToJoin(machine: Machine, isNew: boolean): Promise<void> {
    const { host, door } = machine.settings;
    if (machine.isLoopback)
      this.#log.warn({ host }, 'only this machine reaches that address: others join one that was begun with --host');
    if (!isNew) {
      this.#log.info({ door }, 'machines join here; for a token: tutti token');
      return;
    }
    const issued = machine.token({ hosts: [], lifeMs: undefined });
    this.#log.info(
      { door, expires: new Date(issued.expiresMs).toISOString() },
      'a machine joins here, with the command on stdout',
    );
    await this.#shell.print(`${joinCommand(issued, this.#settings.appAsGiven)}\n`);
  }

  #request(machine: Machine): OpenRequest {
    const { app, data, executors, slots, hangLimitMs, logLevel, allowOrigins, tls, https } = this.#settings;
    const { host, port } = machine.settings;
    const own = machine.isLoopback && !https ? undefined : machine.tls;
    return {
      kind: 'open',
      app,
      node: {
        data,
        engine: 'embedded',
        executors,
        slots,
        partitions: undefined,
        logLevel,
        hangLimitMs,
        cluster: this.#cluster(machine),
      },
      gateway: {
        host,
        port: portOf(port).gateway,
        portsTried: 1,
        token: machine.roster.gatewayToken,
        tls: tls ?? own,
        allowOrigins,
      },
      rehearses: false,
    };
  }

  #cluster({ settings, roster, natsServers, nodeFiles }: Machine): ClusterOptions {
    const { natsCa, natsUser, from } = this.#settings;
    const { name, host, port, location, role } = settings;
    return {
      servers: natsServers,
      name: roster.cluster,
      member: name,
      ...(location === '' ? {} : { location }),
      replicas: roster.replicas,
      partitions: roster.partitions,
      creates: role === 'began',
      ...(from === undefined ? {} : { from }),
      host,
      lifeLinePort: portOf(port).lifeLine,
      tls: nodeFiles,
      ...(roster.nats.length === 0
        ? { syncs: true }
        : {
            natsTls: natsCa === undefined ? (false as const) : { ca: natsCa },
            ...(natsUser === undefined ? {} : { credentials: natsUser }),
          }),
    };
  }
}

export const joinCommand = ({ address, token }: { readonly address: string; readonly token: string }, app: string) =>
  shellLine(['tutti', 'join', address, '--token', token, app]);

/** Throws `OPTION_INVALID` where the command line says other than the folder. */
const checkFixed = (known: MachineSettings, { fixed, data, replaces }: UpSettings): void => {
  if (replaces !== undefined && replaces !== known.replaces)
    throw new TuttiError(
      'OPTION_INVALID',
      `${data} is that of ${known.name}, which is in the cluster already and did not take the place of ${replaces}. Leave --replace out, or name a new data folder.`,
      { details: { option: 'replace' } },
    );
  for (const option of ['host', 'name', 'location', 'port'] as const) {
    const wanted = fixed[option];
    if (wanted === undefined || wanted === known[option] || (option === 'port' && wanted === 0)) continue;
    throw new TuttiError(
      'OPTION_INVALID',
      `--${option} is ${known[option]} in ${data}, which is fixed: its certificates and the other machines know it so. Leave it out, or name another data folder.`,
      { details: { option } },
    );
  }
};
