/** What is told about a run while it goes, and the ways to tell it: to people and to machines. All of it goes to stderr. */
import type { LogLine, TaskStatus } from '../protocol/task-view.ts';
import type { Progress } from './progress-state.ts';

export type RunEvent =
  /** `found`: it was there before. `over`: it had ended before. `again`: the process that ran it had died. */
  | {
      readonly type: 'started';
      readonly status: TaskStatus;
      readonly found: boolean;
      readonly over: boolean;
      readonly again: boolean;
    }
  /** Other unfinished tasks of the folder run as well. */
  | { readonly type: 'others'; readonly ids: readonly string[] }
  | { readonly type: 'log'; readonly line: Omit<LogLine, 'attempt'> }
  /** A line that user code, or the node, printed. */
  | { readonly type: 'output'; readonly line: string }
  | { readonly type: 'crashed'; readonly how: string }
  | { readonly type: 'stopping'; readonly signal: NodeJS.Signals }
  /** The end of the run, if it was stopped; `advice`: lines that say how it can be continued. */
  | { readonly type: 'stopped'; readonly status: TaskStatus | undefined; readonly advice: readonly string[] }
  /** It is no longer watched, and goes on where it runs. */
  | {
      readonly type: 'left';
      readonly status: TaskStatus;
      readonly why: NodeJS.Signals | 'timeout';
      readonly advice: readonly string[];
    }
  | {
      readonly type: 'finished';
      readonly task: string;
      readonly elapsedMs: number;
      readonly stored: TaskStatus | undefined;
    }
  | { readonly type: 'failed'; readonly error: unknown; readonly advice: readonly string[] };

export interface Reporter {
  tell(event: RunEvent): void;
  /** Shown when there is time for it. */
  progress(progress: Progress): void;
  /** Nothing moves any more. */
  end(): void;
}
