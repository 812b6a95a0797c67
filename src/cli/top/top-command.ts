/** `tutti top`: a node and its cluster, live, in the terminal. */
import { stdin, stdout } from 'node:process';
import type { Command } from 'commander';
import { TuttiError } from '../../errors/tutti-error.ts';
import type { Overview } from '../../protocol/overview.ts';
import type { TaskStatus } from '../../protocol/task-view.ts';
import { type NodeOptions, nodeOptions, targetOf, withExamples } from '../command-options.ts';
import { oneLine } from '../display-width.ts';
import { type OverviewTools, withOverviews } from '../overview-access.ts';
import type { Shell } from '../shell.ts';
import { untilStopped } from '../signals.ts';
import type { Key } from './keys.ts';
import { listingOfState, pageOf, screenLines } from './screen.ts';
import { Terminal } from './terminal.ts';
import { firstState, onKey, type TopState } from './top-state.ts';

/** Tasks are listed up to so many: the newest. */
const tasksShown = 200;
const againMs = 1_000;

export const addTopCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  nodeOptions(
    withExamples(
      program.command('top'),
      'watch a node and its cluster in the terminal',
      'Shows nodes, partitions, functions and tasks as they are, until q is pressed. Keys: : another resource, / a filter, ? help.',
      ['tutti top', 'tutti top --url http://127.0.0.1:8484'],
    ),
  ).action(async (options: NodeOptions, command: Command) => {
    if (shell.outRows() === undefined || stdin.isTTY !== true)
      throw new TuttiError(
        'OPTION_INVALID',
        'tutti top needs a terminal. For programs and logs: tutti status --watch',
        {
          details: { option: 'top' },
        },
      );
    const target = targetOf(shell.cwd, options, command);
    exit(await untilStopped((signal) => withOverviews(target, (tools) => new Top(tools, shell).run(signal))));
  });
};

class Top {
  readonly #tools: OverviewTools;
  readonly #shell: Shell;
  readonly #stop = new AbortController();
  #terminal: Terminal | undefined;
  #state: TopState | undefined;
  #overview: Overview | undefined;
  #tasks: readonly TaskStatus[] | undefined;
  /** Why nothing comes any more. */
  #lost: string | undefined;

  constructor(tools: OverviewTools, shell: Shell) {
    this.#tools = tools;
    this.#shell = shell;
  }

  /** Rejects, before it takes the terminal, where the node cannot be asked. */
  async run(signal: AbortSignal): Promise<void> {
    this.#overview = await this.#tools.overview();
    this.#state = firstState(this.#overview.cluster === undefined ? 'partitions' : 'nodes');
    const end = (): void => this.#stop.abort();
    signal.addEventListener('abort', end);
    this.#terminal = new Terminal(
      stdin,
      stdout,
      (key) => this.#press(key),
      () => this.#draw(),
    );
    try {
      this.#draw();
      while (!this.#stop.signal.aborted) await this.#follow();
    } finally {
      this.#terminal.close();
      signal.removeEventListener('abort', end);
    }
  }

  /** Up to the end, or until the node cannot be asked any more; then again a while later. */
  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for await (const overview of this.#tools.overviews(signal)) {
        if (signal.aborted) return;
        this.#overview = overview;
        this.#lost = undefined;
        if (this.#state?.resource === 'tasks') this.#tasks = await this.#tools.list({ limit: tasksShown });
        this.#draw();
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#lost = oneLine(error instanceof Error ? error.message : String(error));
      this.#draw();
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, againMs);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #press(key: Key): void {
    if (this.#state === undefined || this.#overview === undefined || this.#terminal === undefined) return;
    if (key.kind === 'redraw') this.#terminal.forget();
    const seen = { overview: this.#overview, tasks: this.#tasks };
    const before = this.#state;
    this.#state = onKey(before, key, listingOfState(before, seen), pageOf(seen, this.#terminal.size));
    if (this.#state.ended) {
      this.#stop.abort();
      return;
    }
    if (this.#state.resource === 'tasks' && before.resource !== 'tasks') void this.#readTasks();
    this.#draw();
  }

  async #readTasks(): Promise<void> {
    try {
      this.#tasks = await this.#tools.list({ limit: tasksShown });
      this.#draw();
    } catch {
      // The next overview tells that the node is gone.
    }
  }

  #draw(): void {
    if (this.#state === undefined || this.#terminal === undefined) return;
    const seen = this.#overview === undefined ? undefined : { overview: this.#overview, tasks: this.#tasks };
    this.#terminal.draw(screenLines(this.#state, seen, this.#lost, this.#terminal.size, this.#shell.outStyle));
  }
}
