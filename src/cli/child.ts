/** A process that does the work of a command, so that the command outlives what happens there. They talk over the channel of `fork`. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { withCompileCache } from '../node/compile-cache.ts';
import { OutputLines } from './output-lines.ts';

export type ChildHandlers<From> = {
  readonly message: (message: From) => void;
  /** A line that it printed, on stdout or stderr. */
  readonly output: (line: string) => void;
};

/** How a process ended; `text` in words. */
export type Death = { readonly signal: NodeJS.Signals | undefined; readonly text: string };

export class Child<From, To extends object> {
  readonly #process: ChildProcess;
  #endTimer: NodeJS.Timeout | undefined;
  /** Settles when it is gone and all that it printed has been told. */
  readonly ended: Promise<Death>;

  constructor(entry: URL, handlers: ChildHandlers<From>) {
    const child = fork(fileURLToPath(entry), [], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: withCompileCache(),
    });
    this.#process = child;
    const out = [child.stdout, child.stderr].map((stream) => linesOf(stream as Readable, handlers.output));
    child.on('message', (message: From) => handlers.message(message));
    this.ended = new Promise((resolve) => {
      let failure: Error | undefined;
      child.on('error', (error) => {
        failure = error;
        if (child.pid === undefined) resolve({ signal: undefined, text: error.message });
      });
      child.on('close', (code, signal) => {
        clearTimeout(this.#endTimer);
        for (const lines of out) lines.end();
        resolve({ signal: signal ?? undefined, text: failure?.message ?? deathText(code, signal) });
      });
    });
  }

  /** One that has gone is noticed by its end. */
  tell(message: To): void {
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  /** Ends it unless it has ended by then. */
  endWithin(ms: number): void {
    clearTimeout(this.#endTimer);
    this.#endTimer = setTimeout(() => this.kill(), ms);
  }

  /** Ends it at once. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }
}

const linesOf = (stream: Readable, give: (line: string) => void): OutputLines => {
  const lines = new OutputLines(give);
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => lines.take(text));
  return lines;
};

const deathText = (code: number | null, signal: NodeJS.Signals | null): string => {
  switch (signal) {
    case null:
      return `exit code ${code ?? 'unknown'}`;
    case 'SIGKILL':
      return 'SIGKILL: it was killed, perhaps by the system for want of memory';
    case 'SIGABRT':
    case 'SIGTRAP':
      return `${signal}: it gave up, often for want of memory`;
    case 'SIGSEGV':
    case 'SIGBUS':
    case 'SIGILL':
    case 'SIGFPE':
      return `${signal}: a crash in native code`;
    default:
      return signal;
  }
};
