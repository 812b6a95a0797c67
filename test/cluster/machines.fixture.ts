/** Machines of a cluster, as people start them: `tutti up` and `tutti join` in processes of their own, each on an address of its own. */
import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { ensureNatsServer } from '../../tools/setup-nats.ts';
import { type Ended, type Running, Workplace } from '../cli/command.fixture.ts';

const app = `import { task } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
export const square = task(async (_ctx, n: number) => n * n);
export const where = task(async () => process.pid);
export const steps = task(async (ctx, count: number) => {
  const seen: number[] = [];
  for (let step = 0; step < count; step++) seen.push(await ctx.run('step', async () => step));
  return seen;
});
`;

/** Starts so many tasks at these gateways, and looks at what comes of each. */
export const squares = async (count: number, ...through: readonly string[]): Promise<void> => {
  const client = connect(through, { timeout: '60 s', giveUpAfter: '60 s' });
  try {
    const results = await Promise.all(
      Array.from({ length: count }, async (_, n) => (await client.tasks['square']!.start(n)).result()),
    );
    expect(results).toEqual(Array.from({ length: count }, (_, n) => n * n));
  } finally {
    await client.close();
  }
};

export class Machines {
  readonly place = new Workplace(app);
  readonly #env: Readonly<Record<string, string>>;
  readonly #namespace: string | undefined;

  private constructor(env: Readonly<Record<string, string>>, namespace: string | undefined) {
    this.#env = env;
    this.#namespace = namespace;
  }

  /** `namespace`: the network that the machines are in; otherwise this machine's loopback. */
  static async open(namespace?: string): Promise<Machines> {
    return new Machines({ TUTTI_NATS_SERVER: (await ensureNatsServer()).path }, namespace);
  }

  machine(name: string, host: string): MachineProcess {
    return new MachineProcess(this, name, host);
  }

  start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    namespace: string | undefined = this.#namespace,
  ): Running {
    return this.place.start(args, { env: { ...this.#env, ...env }, group: true, namespace });
  }

  run(...args: readonly string[]): Promise<Ended> {
    return this.start(args).ended;
  }

  /** Ends all of it at once. */
  async close(...machines: readonly (MachineProcess | undefined)[]): Promise<void> {
    for (const machine of machines) await machine?.kill();
    await this.place.remove();
  }
}

export class MachineProcess {
  readonly name: string;
  readonly host: string;
  readonly data: string;
  readonly #machines: Machines;
  #env: Readonly<Record<string, string>> = {};
  #running: Running | undefined;

  constructor(machines: Machines, name: string, host: string) {
    this.#machines = machines;
    this.name = name;
    this.host = host;
    this.data = machines.place.path(name);
  }

  get running(): Running {
    if (this.#running === undefined) throw new Error(`${this.name} was not started`);
    return this.#running;
  }

  /** From now on it is started with these, too. */
  with(env: Readonly<Record<string, string>>): this {
    this.#env = env;
    return this;
  }

  up(...more: readonly string[]): Running {
    return this.#start(['up', 'app.ts'], more);
  }

  /** `command`: as it was printed. */
  join(command: string, ...more: readonly string[]): Running {
    const [tutti, ...words] = command.trim().split(' ');
    if (tutti !== 'tutti' || words[0] !== 'join') throw new Error(`that is no command to join: ${command}`);
    return this.#start(words, more);
  }

  /** Once more on the same folder. */
  again(command: 'up' | 'join' = 'up', ...more: readonly string[]): Running {
    return this.#start([...(command === 'up' ? ['up', 'app.ts'] : ['join', '127.0.0.1', 'app.ts']), ...more]);
  }

  #start(args: readonly string[], more?: readonly string[]): Running {
    const fixed = more === undefined ? [] : ['--host', this.host, '--port', '0', '--name', this.name, ...more];
    this.#running = this.#machines.start([...args, '--data', this.data, ...fixed], this.#env);
    return this.#running;
  }

  /** The command that joins, from stdout. */
  async joinCommand(): Promise<string> {
    await this.running.seen(/a machine joins here/);
    for (;;) {
      const command = /^tutti join .*\n/m.exec(this.running.out)?.[0];
      if (command !== undefined) return command;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Settles with the gateway's address when it serves. */
  async serves(from = 0): Promise<string> {
    const [, url] = await this.running.seen(/"url":"([^"]+)".*"message":"serving"/, from);
    return url as string;
  }

  /** Of `tutti` in its folder. */
  command(...args: readonly string[]): Promise<Ended> {
    return this.#machines.run(...args, '--data', this.data);
  }

  /** The first of its ports. */
  get port(): number {
    return (JSON.parse(readFileSync(`${this.data}/security/machine.json`, 'utf8')) as { port: number }).port;
  }

  get natsPid(): number {
    return Number(readFileSync(`${this.data}/nats/nats-server.pid`, 'utf8'));
  }

  /** The power goes: command, node and NATS server at once. */
  async kill(): Promise<void> {
    if (this.#running === undefined) return;
    try {
      this.#running.killGroup();
    } catch {
      // It has ended.
    }
    if (existsSync(`${this.data}/nats/nats-server.pid`)) killIfThere(this.natsPid);
    await this.#running.ended;
    this.#running = undefined;
  }
}

const killIfThere = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
};
