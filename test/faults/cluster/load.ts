/** Callers that keep asking a cluster for all kinds of things, and note what they are told. */
import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type RemoteClient } from '../../../src/client/client.ts';
import { type SeededRandom, seededRandom } from '../../../src/values/hash.ts';
import * as app from './faults-app.fixture.ts';
import { nowMs, type Operation, type OperationKind, type Told, toldOf } from './history.ts';

export type LoadOptions = {
  readonly urls: readonly string[];
  readonly folder: string;
  readonly seed: string;
  /** Names these callers among all. */
  readonly name: string;
  readonly callers: number;
};

/** Longer than any fault lasts: what is not answered by then never is. */
const timeoutMs = 150_000;
/** Many callers that ask seldom: a fault meets each of them once, and then most of them wait. */
const thinkMsMax = 250;
/** For each of them so many more, that ask only in haste: a fault meets as much as possible under way. */
const hastyPerCaller = 3;
/** Of so many callers there is one more that only reads, and does not wait for long: at a node that is cut off it goes on to ask. */
const callersPerReader = 3;
const glanceMs = 400;
/** All callers write to the same register for so long, then to the next. */
const registerMs = 2_500;

/** How often each kind is drawn, of 100. */
const shares: readonly (readonly [OperationKind, number])[] = [
  ['echo', 52],
  ['ledger', 9],
  ['squares', 3],
  ['claim', 14],
  ['cancel', 4],
  ['retry', 4],
  ['follow', 2],
  ['status', 12],
];

type Habit = 'usual' | 'hasty' | 'reads';

export class Load {
  readonly operations: Operation[] = [];
  readonly #options: LoadOptions;
  readonly #clients: RemoteClient<typeof app>[];
  readonly #callers: Promise<void>[];
  #going = true;
  #hasteEndsMs = 0;
  #wakeHasty = (): void => {};
  #haste: Promise<void>;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { urls, callers } = options;
    // Each client has another node for its first, and the callers share them.
    this.#clients = urls.map((_, first) =>
      connect<typeof app>([...urls.slice(first), ...urls.slice(0, first)], {
        app,
        timeout: timeoutMs,
        giveUpAfter: false,
      }),
    );
    this.#haste = new Promise((resolve) => {
      this.#wakeHasty = resolve;
    });
    const habits: readonly Habit[] = [
      ...Array.from({ length: callers }, () => 'usual' as const),
      ...Array.from({ length: callers * hastyPerCaller }, () => 'hasty' as const),
      ...Array.from({ length: Math.ceil(callers / callersPerReader) }, () => 'reads' as const),
    ];
    this.#callers = habits.map((habit, caller) => this.#call(caller, habit));
  }

  /** For so long there are more callers, who do not think between two calls. */
  hurry(ms: number): void {
    this.#hasteEndsMs = nowMs() + ms;
    this.#wake();
  }

  #wake(): void {
    this.#wakeHasty();
    this.#haste = new Promise((resolve) => {
      this.#wakeHasty = resolve;
    });
  }

  /** Settles when everything that was asked has been answered. */
  async stop(): Promise<void> {
    this.#going = false;
    this.#wake();
    await Promise.all(this.#callers);
    for (const client of this.#clients) await client.close();
  }

  async #call(number: number, habit: Habit): Promise<void> {
    const { seed, name } = this.#options;
    const caller = `${name}${number}`;
    const random = seededRandom(`${seed} ${caller}`);
    const client = this.#clients[number % this.#clients.length] as RemoteClient<typeof app>;
    for (let count = 0; this.#going; count++) {
      if (habit === 'hasty' && nowMs() >= this.#hasteEndsMs) {
        await this.#haste;
        continue;
      }
      const kind = habit === 'reads' ? 'glance' : drawn(random);
      await this.#operate(client, kind, caller, count, random);
      await pause(habit === 'hasty' ? 0 : random.fraction() * thinkMsMax);
    }
  }

  async #operate(
    client: RemoteClient<typeof app>,
    kind: OperationKind,
    caller: string,
    count: number,
    random: SeededRandom,
  ): Promise<void> {
    const note = (input: unknown, key?: string): Operation => {
      const operation: Operation = { caller, kind, input, key, begunMs: nowMs() };
      this.operations.push(operation);
      return operation;
    };
    const end = (operation: Operation, told: Told): void => {
      operation.told = told;
      operation.endedMs = nowMs();
    };
    const within = { timeout: timeoutMs };
    const name = `${caller}-${count}`;
    const key = random.fraction() < 0.5 ? { key: name } : {};
    const acknowledged = (operation: Operation, id: string): void => {
      operation.id = id;
      operation.acknowledgedMs = nowMs();
    };
    switch (kind) {
      case 'echo': {
        const n = Math.floor(random.fraction() * 1e9);
        const operation = note(n, key.key);
        end(operation, await toldOf(() => client.run(app.echo, n, { ...within, ...key })));
        return;
      }
      case 'ledger': {
        const pauseMs = random.fraction() < 0.5 ? 0 : Math.floor(random.fraction() * 1_500);
        const input = { name, steps: 2 + Math.floor(random.fraction() * 7), pauseMs };
        const operation = note(input, key.key);
        const told = await toldOf(async () => {
          const task = await client.start(app.ledger, input, key);
          acknowledged(operation, task.id);
          return task.result(within);
        });
        end(operation, told);
        return;
      }
      case 'squares': {
        const input = 10 + Math.floor(random.fraction() * 300);
        const operation = note(input, key.key);
        const told = await toldOf(async () => {
          const task = await client.start(app.squares, input, key);
          acknowledged(operation, task.id);
          return task.result(within);
        });
        end(operation, told);
        return;
      }
      case 'claim': {
        const value = 1 + Math.floor(random.fraction() * 1e9);
        const operation = note(value, `register ${Math.floor(nowMs() / registerMs)}`);
        const told = await toldOf(async () => {
          const task = await client.start(app.claim, value, { key: operation.key as string });
          acknowledged(operation, task.id);
          return true;
        });
        end(operation, told);
        return;
      }
      case 'cancel': {
        const operation = note(3_600_000, key.key);
        const told = await toldOf(async () => {
          const task = await client.start(app.longSleep, 3_600_000, key);
          acknowledged(operation, task.id);
          await task.cancel();
          return task.result(within);
        });
        end(operation, told);
        return;
      }
      case 'retry': {
        const operation = note(name, key.key);
        const told = await toldOf(async () => {
          const task = await client.start(app.broken, name, key);
          acknowledged(operation, task.id);
          const first = await toldOf(() => task.result(within));
          if (first.ok || first.code !== 'TASK_FAILED') return { first };
          writeFileSync(app.mendedFile(this.#options.folder, name), '');
          await client.retry(task.id);
          return task.result(within);
        });
        end(operation, told);
        return;
      }
      case 'follow': {
        const input = 5 + Math.floor(random.fraction() * 60);
        const operation = note(input, key.key);
        const told = await toldOf(async () => {
          const task = await client.start(app.lines, input, key);
          acknowledged(operation, task.id);
          const seen: string[] = [];
          let ended: unknown;
          for await (const event of client.follow(task.id)) {
            if (event.type === 'log') seen.push(event.message);
            if (event.type === 'finished') ended = event.ok ? event.value : event;
          }
          return { seen, ended };
        });
        end(operation, told);
        return;
      }
      case 'glance':
      case 'status': {
        // Of any task that was acknowledged to these callers, lately or long ago.
        const { operations } = this;
        const at = Math.floor(operations.length * (random.fraction() < 0.5 ? random.fraction() : 1)) - 1;
        const known = operations.findLast((one, index) => index <= at && one.id !== undefined)?.id;
        if (known === undefined) return;
        const operation = note(known);
        const patience = kind === 'glance' ? { timeout: glanceMs } : {};
        end(operation, await toldOf(async () => (await client.status(known, patience))?.state));
        return;
      }
      default:
        kind satisfies never;
    }
  }
}

const drawn = (random: SeededRandom): OperationKind => {
  let dice = random.fraction() * 100;
  for (const [kind, share] of shares) {
    dice -= share;
    if (dice < 0) return kind;
  }
  return 'echo';
};
