/** A connection without a socket, and a backend that does what it is told. */
import type { TuttiError } from '../errors/tutti-error.ts';
import {
  type ClientMessage,
  decodeNodeFrame,
  encodeFrame,
  fromClient,
  fromNode,
  type NodeMessage,
} from '../protocol/wire.ts';
import type { Backend, Follower, StartRequest } from './backend.ts';
import { Connection } from './connection.ts';
import { HoldBack } from './hold-back.ts';
import { OverviewFeed } from './overview-feed.ts';

/** A promise that is settled from outside. */
export class Answer {
  readonly promise: Promise<string>;
  isSettled = false;
  resolve!: (text: string) => void;
  reject!: (error: Error) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = (text) => {
        this.isSettled = true;
        resolve(text);
      };
      this.reject = (error) => {
        this.isSettled = true;
        reject(error);
      };
    });
  }
}

export type Following = {
  readonly id: string;
  readonly fromLog: number;
  readonly follower: Follower;
  stopped: boolean;
};

/** Notes what it is asked; answers when the test says so. */
export class ScriptedBackend implements Backend {
  readonly app = { fingerprint: 'f', tasks: [] };
  readonly starts: StartRequest[] = [];
  readonly answers: Answer[] = [];
  readonly signals: (AbortSignal | undefined)[] = [];
  readonly follows: Following[] = [];
  readonly retries: string[] = [];
  /** What `list` gives, and who is told that it changed. */
  listed = '{}';
  listReads = 0;
  refusal: TuttiError | undefined;
  readonly watchers = new Set<Follower>();

  #answer(signal?: AbortSignal): Promise<string> {
    const answer = new Answer();
    this.answers.push(answer);
    this.signals.push(signal);
    return answer.promise;
  }
  startsRefused(): TuttiError | undefined {
    return this.refusal;
  }
  start(request: StartRequest): Promise<string> {
    this.starts.push(request);
    return this.#answer();
  }
  run(request: StartRequest, signal?: AbortSignal): Promise<string> {
    this.starts.push(request);
    return this.#answer(signal);
  }
  wait(_id: string, signal?: AbortSignal): Promise<string> {
    return this.#answer(signal);
  }
  status(id: string): Promise<string> {
    if (id === 'throws') throw new Error('thrown at once');
    return this.#answer();
  }
  list(): Promise<string> {
    this.listReads++;
    return Promise.resolve(this.listed);
  }
  detail(): Promise<string> {
    return this.#answer();
  }
  async cancel(): Promise<void> {
    await this.#answer();
  }
  async retry(_id: string, requestId: string): Promise<void> {
    this.retries.push(requestId);
  }
  logs(): Promise<string> {
    return this.#answer();
  }
  follow(id: string, fromLog: number, follower: Follower): () => void {
    const following = { id, fromLog, follower, stopped: false };
    this.follows.push(following);
    return () => {
      following.stopped = true;
    };
  }
  overview(): Promise<string> {
    return Promise.resolve('"an overview"');
  }
  changes(follower: Follower): () => void {
    this.watchers.add(follower);
    return () => this.watchers.delete(follower);
  }
  addresses(): readonly string[] {
    return ['http://other:1'];
  }
  onAddresses(): () => void {
    return () => undefined;
  }
  canary(): Promise<number> {
    return Promise.resolve(1);
  }
}

export class ConnectionWorld {
  readonly backend = new ScriptedBackend();
  readonly sent: NodeMessage[] = [];
  readonly frames: number[] = [];
  readonly overloadedMs: number[] = [];
  closedWith: number | undefined;
  reading = true;
  /** For how long it is held back, and what ends that. */
  readonly holds: { readonly delayMs: number; readonly fire: () => void }[] = [];
  /** What the socket says it still holds. */
  buffered = 0;
  nowMs = 0;
  readonly connection: Connection;
  #soon: (() => void)[] = [];

  constructor(token?: string) {
    const env = {
      clock: { now: () => 1_000_000 + this.nowMs, monotonic: () => this.nowMs },
      timers: { after: () => () => undefined },
      random: { bytes: (count: number) => new Uint8Array(count), fraction: () => 0 },
      events: { emit: () => undefined },
    };
    this.connection = new Connection(
      {
        send: (frame) => {
          const messages = decodeNodeFrame(frame);
          this.frames.push(messages.length);
          this.sent.push(...messages);
        },
        close: (code) => {
          this.closedWith = code;
        },
        bufferedBytes: () => this.buffered,
        reading: (on) => {
          this.reading = on;
        },
        soon: (run) => this.#soon.push(run),
      },
      {
        backend: this.backend,
        allows: (given) => token === undefined || given === token,
        overloaded: (retryMs) => this.overloadedMs.push(retryMs),
        holdBack: new HoldBack({
          after: (delayMs, fire) => {
            this.holds.push({ delayMs, fire });
            return () => this.holds.pop();
          },
        }),
        clock: env.clock,
        overview: new OverviewFeed(() => this.backend.overview(), env),
      },
    );
  }

  /** Takes a frame, and lets what follows from it happen. */
  async take(...messages: ClientMessage[]): Promise<void> {
    this.connection.receive(encodeFrame(messages));
    await this.settle();
  }

  async greet(): Promise<void> {
    await this.take([fromClient.hello, 1, null, 'c']);
    this.sent.length = 0;
    this.frames.length = 0;
  }

  async settle(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      for (let promises = 0; promises < 5; promises++) await Promise.resolve();
      for (const run of this.#soon.splice(0)) run();
    }
  }

  /** Replies as [request, ok, text]. */
  get replies(): readonly (readonly [number, number, string])[] {
    return this.sent.flatMap((message) =>
      message[0] === fromNode.reply ? [[message[1], message[2], message[3]] as const] : [],
    );
  }

  get events(): readonly string[] {
    return this.sent.flatMap((message) => (message[0] === fromNode.event ? [message[2]] : []));
  }
}
