/** Starts `examples/inventory` in processes of their own, and reads what they tell. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const main = path('../../examples/inventory/main.ts');
const plain = path('../../examples/inventory/plain.ts');
const signalAt = path('./signal-at.ts');

/** One object that `--events` writes. */
export type Event = { readonly event: string } & Readonly<Record<string, unknown>>;

export type Ended = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  /** What it told, in order. */
  readonly events: readonly Event[];
  /** Lines on stderr that are no events. */
  readonly lines: readonly string[];
};

export type Running = {
  readonly child: ChildProcess;
  /** Settles when it tells of this for the first time; rejects if it ends without. */
  readonly told: (event: string) => Promise<Event>;
  readonly ended: Promise<Ended>;
};

/** A folder for data, trees and caches of one test file. */
export class Workshop {
  readonly #root = mkdtempSync(join(tmpdir(), 'tutti-inventory-'));
  #count = 0;

  /** A path of its own, where nothing is yet. */
  fresh(): string {
    this.#count += 1;
    return join(this.#root, String(this.#count));
  }

  /** `count` files in packages and folders, some of them equal, with about a second of work in them. */
  tree(count: number): string {
    const root = this.fresh();
    for (let at = 0; at < count; at += 1) {
      const folder = join(root, `package ${at % 40}`, at % 3 === 0 ? 'src' : 'docs');
      if (at < 120) mkdirSync(folder, { recursive: true });
      const [name, content] = fileAt(at);
      writeFileSync(join(folder, name), content);
    }
    return root;
  }

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--import', signalAt, main, ...args],
      {
        cwd: this.#root,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NODE_COMPILE_CACHE: join(this.#root, 'cache'), ...environment },
      },
    );
    const events: Event[] = [];
    const lines: string[] = [];
    const waiting: { readonly event: string; readonly resolve: (event: Event) => void }[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (!line.startsWith('{"event"')) {
        lines.push(line);
        return;
      }
      const event = JSON.parse(line) as Event;
      events.push(event);
      for (const each of waiting) if (each.event === event.event) each.resolve(event);
    });
    const output = text(child.stdout);
    const ended = (async (): Promise<Ended> => {
      const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
      return { code, signal, stdout: await output, events, lines };
    })();
    const told = async (event: string): Promise<Event> => {
      const found = events.find((each) => each.event === event);
      if (found !== undefined) return found;
      const coming = new Promise<Event>((resolve) => waiting.push({ event, resolve }));
      const end = ended.then((how): never => {
        throw new Error(`It ended without telling of ${event}: ${JSON.stringify({ ...how, stdout: '' })}`);
      });
      return Promise.race([coming, end]);
    };
    return { child, told, ended };
  }

  /** Runs to the end, with events and the result as JSON. */
  run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.start([...args, '--events', '--json'], environment).ended;
  }

  async plain(folder: string): Promise<string> {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', plain, folder, '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text(child.stdout);
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

const paragraph = 'The quick brown fox jumps over the lazy dog, again and again, word by word.\n';

function fileAt(at: number): readonly [name: string, content: string] {
  switch (at % 4) {
    case 0:
      return [`${at}.ts`, `// File ${at}\n${`export const value = ${at}; /* ${'x'.repeat(60)} */\n`.repeat(200)}`];
    case 1:
      return [`${at}.md`, `# File ${at}\n\n${paragraph.repeat(100)}word${String.fromCharCode(97 + (at % 26))}\n`];
    case 2:
      return at < 40
        ? [
            `package.json`,
            `{"name":"package-${at}","version":"1.0.${at}","license":"${at % 8 === 2 ? 'MIT' : 'ISC'}"}\n`,
          ]
        : [`${at}.json`, `{"same": ${at % 7}}\n`];
    default:
      return [`${at}.css`, `/* ${at} */\n${'a { color: red }\n'.repeat(20)}`];
  }
}
