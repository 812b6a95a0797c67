/**
 * What the gateway needs of a node. Values, statuses and events are texts in JSON form (`values/codec.ts`) from end to end:
 * the gateway hands them on as they are, and what a text holds is told by a type of `protocol/`.
 *
 * Every promise rejects with a `TuttiError`. What is waited for can be given up by a signal: it then rejects with the signal's
 * reason, and nothing of it stays behind in the node.
 */
import type { TuttiError } from '../errors/tutti-error.ts';
import type { AppDescription } from '../protocol/app-description.ts';

export type StartRequest = {
  /** Minted by the caller, so that the same start can be sent again. With a key the hash in it becomes that of the key. */
  readonly id: string | undefined;
  readonly name: string;
  /**
   * In JSON form; `TASK_UNKNOWN` for a name that neither this node's app has nor, in a cluster, that of another node that is there,
   * `NOT_READY` where those that have it give no answer; `INPUT_INVALID` for what its schema refuses.
   */
  readonly input: string;
  readonly key: string | undefined;
  readonly delayMs: number;
};

/** What is told to who follows something, until it is called off or ends. */
export type Follower = {
  /** An event, in JSON form; a `TaskEvent` where a task is followed. */
  readonly take: (text: string) => void;
  /** Nothing comes any more: it has ended, or (with an error) could not go on. */
  readonly end: (error?: Error) => void;
};

export interface Backend {
  /** What the app has; fixed while the node runs. */
  readonly app: AppDescription;
  /**
   * Starts a task; its id, once it is durable: that of an earlier start under the same id or key where there was one.
   * `REQUEST_EXPIRED` where that task may have been removed already.
   */
  start(request: StartRequest): Promise<string>;
  /** What `start` would reject with now for load alone, the same error each time; asked first, it saves a promise for each refusal. */
  startsRefused(): TuttiError | undefined;
  /** Starts a task and waits for the text of its result; rejects with its error. */
  run(request: StartRequest, signal?: AbortSignal): Promise<string>;
  /** The text of a task's result, when it is there; rejects with its error. */
  wait(id: string, signal?: AbortSignal): Promise<string>;
  /** Text of a `TaskStatus`, or of undefined. */
  status(id: string): Promise<string>;
  /** Text of a `TaskPage`, for the text of a `ListFilter`: the newest first. Go on with the page's cursor. */
  list(filter: string): Promise<string>;
  /** Text of a `TaskDetail`, or of undefined; with the steps from `fromStep` on. */
  detail(id: string, fromStep: number): Promise<string>;
  cancel(id: string): Promise<void>;
  /** Runs a failed or cancelled task again; a repeat under the same request id is answered as the first was. */
  retry(id: string, requestId: string): Promise<void>;
  /** Text of an array of `LogLine`: a page of those from index `from` on, empty if there are none. */
  logs(id: string, from: number): Promise<string>;
  /** The events of a task (`TaskEvent`), beginning with how it is now and the log lines from `fromLog` on. Returns what stops it. */
  follow(id: string, fromLog: number, follower: Follower): () => void;
  /** Text of an `Overview`: counters since the node began, and how it is now. */
  overview(): Promise<string>;
  /** Told (with an empty text) when the list of tasks has changed, at most a few times a second. Returns what stops it. */
  changes(follower: Follower): () => void;
  /**
   * Where the gateways of other nodes are, as far as is known now: `https://10.0.0.2:8484`. Clients are told, so that they can go there
   * when this node is gone. None where there is one node alone.
   */
  addresses(): readonly string[];
  /** Calls `changed` whenever `addresses` gives others than before. Returns what stops it. */
  onAddresses(changed: () => void): () => void;
  /** Sends a task of the node's own through an executor and back; the milliseconds it took. Rejects if it takes too long. */
  canary(): Promise<number>;
}
