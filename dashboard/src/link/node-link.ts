/** What the page asks of a node, and hears from it. */
import type { AppDescription } from '../../../src/protocol/app-description.ts';
import type { Overview } from '../../../src/protocol/overview.ts';
import type { TaskDetail } from '../../../src/protocol/task-detail.ts';
import type { ListFilter, TaskEvent, TaskPage } from '../../../src/protocol/task-view.ts';

/** `denied`: the node wants a token, or another one. */
export type LinkState = 'connecting' | 'open' | 'lost' | 'denied';

export type StartChoice = { readonly key: string | undefined; readonly delayMs: number };

export interface NodeLink {
  app(): Promise<AppDescription>;
  list(filter: ListFilter): Promise<TaskPage>;
  /** With the steps from `fromStep` on; undefined: there is no such task. */
  detail(id: string, fromStep: number): Promise<TaskDetail | undefined>;
  /** The id of the task, once it is recorded. */
  start(name: string, input: unknown, choice: StartChoice): Promise<string>;
  cancel(id: string): Promise<void>;
  retry(id: string): Promise<void>;
  /** What happens to a task, until it has finished or `signal` aborts. Goes on over lost connections. */
  follow(id: string, signal: AbortSignal): AsyncIterable<TaskEvent>;
  /** How the node does, about once a second. */
  overviews(signal: AbortSignal): AsyncIterable<Overview>;
  /** What `list` gives, now and whenever it has changed. */
  pages(filter: ListFilter, signal: AbortSignal): AsyncIterable<TaskPage>;
  close(): void;
}

/** Makes the link of the page. `told` hears how it is. */
export type ConnectNode = (url: string, told: (state: LinkState) => void) => NodeLink;
