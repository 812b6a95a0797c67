/**
 * The events of a task as server-sent events.
 *
 * S1  An event's id is the number of log lines told so far, with `-end` behind it after the last event. So what a browser sends
 *     back as `Last-Event-ID` says where to go on, and that there is nothing to go on with.
 * S2  Bounded: when a reader takes too little, the task is no longer followed, and followed again from the next line once what was
 *     written has gone out. Of states and progress only the newest counts, so nothing is lost.
 * S3  A comment now and then shows proxies and browsers that the connection lives.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { eventTypeOf } from '../protocol/event-type.ts';
import type { Backend } from './backend.ts';
import { problemOf } from './problem.ts';
import type { GatewayParts } from './route.ts';
import { FollowStream } from './streams.ts';

const endMark = '-end';
const encoder = new TextEncoder();

/** Where to go on after an event with this id: the index of the next line, or `ended`. Throws `OPTION_INVALID`. */
export const resumePoint = (lastEventId: string): number | 'ended' => {
  const match = /^(\d{1,15})(-end)?$/.exec(lastEventId);
  if (match === null)
    throw new TuttiError(
      'OPTION_INVALID',
      `The header last-event-id cannot be ${JSON.stringify(lastEventId.slice(0, 100))}: it is the id of an event that was received.`,
      { details: { option: 'last-event-id' } },
    );
  return match[2] === undefined ? Number(match[1]) : 'ended';
};

/** Follows a task. Settles when it is known that there is such a task; rejects with why it cannot be followed. */
export const eventStream = async (
  { backend, closing, report }: GatewayParts,
  id: string,
  fromLog: number,
): Promise<ReadableStream<Uint8Array>> => {
  const stream = new EventStream(backend, id, fromLog, report);
  const stop = (): void =>
    stream.end(new TuttiError('CLOSED', 'The node is closing. Follow the task again when it is back.'));
  closing.addEventListener('abort', stop);
  stream.onEnd = () => closing.removeEventListener('abort', stop);
  if (closing.aborted) stop();
  await stream.begun;
  return stream.body;
};

class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Settles with the first event. */
  readonly begun: Promise<void>;
  onEnd: () => void = () => undefined;
  readonly #follow: FollowStream;
  readonly #report: (error: unknown) => void;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #begin!: () => void;
  #refuse!: (error: unknown) => void;
  #hasBegun = false;
  #paused = false;
  #ended = false;
  readonly #beat: ReturnType<typeof setInterval>;

  constructor(backend: Backend, id: string, fromLog: number, report: (error: unknown) => void) {
    this.#report = report;
    this.begun = new Promise((resolve, reject) => {
      this.#begin = resolve;
      this.#refuse = reject;
    });
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          if (!this.#paused || this.#ended) return;
          this.#paused = false;
          this.#follow.resume();
        },
        cancel: () => this.#finish(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: limits.gatewayFollowBytesMax }),
    );
    this.#beat = setInterval(() => this.#write(':\n\n'), limits.gatewayFollowBeatMs);
    this.#follow = new FollowStream(backend, id, fromLog, {
      event: (text) => this.#take(text),
      end: (error) => this.end(error),
    });
    this.#follow.resume();
  }

  /** Nothing comes any more; with why, where the task has not ended. */
  end(error?: unknown): void {
    if (this.#ended) return;
    if (!this.#hasBegun && error !== undefined) {
      this.#finish();
      this.#refuse(error);
      return;
    }
    this.#started();
    if (error !== undefined) this.#write(`event: problem\ndata: ${JSON.stringify(problemOf(error, this.#report))}\n\n`);
    this.#finish();
    this.#controller.close();
  }

  #take(text: string): void {
    this.#started();
    const type = eventTypeOf(text);
    const last = type === 'finished';
    this.#write(`id: ${this.#follow.nextLog}${last ? endMark : ''}\nevent: ${type}\ndata: ${text}\n\n`);
    if (last) this.end();
    else if ((this.#controller.desiredSize as number) <= 0) {
      this.#paused = true;
      this.#follow.pause();
    }
  }

  #started(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#begin();
  }

  #write(text: string): void {
    if (!this.#ended) this.#controller.enqueue(encoder.encode(text));
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#beat);
    this.#follow.stop();
    this.onEnd();
  }
}
