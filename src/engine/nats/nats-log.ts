/**
 * A log as a stream of NATS JetStream: a record is a message, its position the message's sequence.
 *
 * - J1. An append counts only if its acknowledgement names this stream and exactly the expected sequence, and no duplicate.
 * - J2. When the connection breaks, everything under way is unknown at once: its answers may be lost without a word.
 * - J3. What is read has no gaps: whatever a replica leaves out, or the network loses, ends what is given.
 * - J4. A hole is damage only when the leader of the stream agrees with other replicas that nothing stands there.
 * - J5. It is trimmed only below its last record, and further each time.
 *
 * Reads go to any replica: they may lag, and never show what is not committed. Whatever must be answered is asked until it is.
 */
import { type Msg, headers as natsHeaders } from '@nats-io/transport-node';
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import { ownBytes } from '../../platform/own-bytes.ts';
import type { AppendResult, Log, LogRecord } from '../engine.ts';
import { InFlight } from './in-flight.ts';
import {
  type ApiError,
  apiErrors,
  askApi,
  closedError,
  findStream,
  jsonBytes,
  parseJson,
  purgeStream,
  type StreamInfo,
} from './jetstream.ts';
import type { Link, Reply } from './link.ts';

export type NatsLogOptions = {
  readonly link: Link;
  readonly stream: string;
  readonly subject: string;
  readonly recordBytesMax: number;
  /** The server takes no record, and says why. Told once, until it takes one again or says something else. */
  readonly onRefused?: (why: string) => void;
};

type PubAck = {
  readonly stream?: string;
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: ApiError;
};

/** What one request for records brought: those that follow each other from the asked position on, or what came instead. */
type Batch = {
  readonly records: LogRecord[];
  readonly skippedTo: number | undefined;
  readonly answered: boolean;
  /** Why nothing more came, where that was not the answer. */
  readonly end: Reply['kind'];
};

const refusedTriesMax = Math.ceil(limits.natsAppendMs / limits.natsRetryMs);

/**
 * How long an answer to a read is waited for, after so many that did not come. Those may have gone to a server that is cut off, and the next
 * goes to another one; only where that does not help, it is a long record on a slow line that takes its time.
 */
export const readPatienceMs = (unanswered: number): number =>
  Math.min(limits.natsRequestMaxMs, limits.natsReadMs * 2 ** Math.floor(unanswered / 3));

export class NatsLog implements Log {
  readonly shared = true;
  readonly #options: NatsLogOptions;
  readonly #inFlight = new InFlight(limits.natsInFlightRecords, limits.natsInFlightBytes);
  /** What the server said when it took no record, last time. */
  #refusedFor: string | undefined;
  /** As far as is known here. */
  #first = 1;
  /** When the stream was made, as far as is known here. */
  #created: string | undefined;

  constructor(options: NatsLogOptions) {
    this.#options = options;
  }

  async append(bytes: Uint8Array, after: number): Promise<AppendResult> {
    const { link, subject, stream, recordBytesMax } = this.#options;
    if (bytes.length > recordBytesMax)
      throw new TuttiError('INVARIANT', `A record of ${bytes.length} bytes is beyond the limit of ${recordBytesMax}.`);
    await this.#inFlight.enter(bytes.length);
    try {
      const headers = natsHeaders();
      headers.set('Nats-Expected-Stream', stream);
      headers.set('Nats-Expected-Last-Sequence', String(after));
      let reply: Reply = { kind: 'refused' };
      let sentMs = performance.now();
      // Nobody leads: the same is sent again here, or the caller would do so at once, for seconds.
      for (let tries = 0; reply.kind === 'refused' && tries < refusedTriesMax; tries++) {
        if (tries > 0) await link.pause(limits.natsRetryMs);
        sentMs = performance.now();
        reply = await link.ask(subject, bytes, this.#appendMs(), { headers });
      }
      const result: AppendResult =
        reply.kind === 'answer'
          ? this.#judge(parseJson<PubAck>(reply.message.data), after)
          : { kind: 'unknown', cause: reply.kind };
      const isAnswered = result.kind === 'appended';
      if (isAnswered || reply.kind === 'timeout' || reply.kind === 'refused')
        link.leaderAnswered('records', isAnswered, sentMs);
      if (reply.kind !== 'answer') return result;
      if (result.kind === 'unknown') await link.pause(limits.natsRetryMs);
      return result;
    } finally {
      this.#inFlight.leave(bytes.length);
    }
  }

  /** What went before it on the same line takes its time as well. */
  #appendMs(): number {
    return limits.natsAppendMs + this.#inFlight.bytes / limits.natsSlowBytesPerMs;
  }

  #judge(ack: PubAck | undefined, after: number): AppendResult {
    const { stream } = this.#options;
    const code = ack?.error?.err_code;
    if (code === apiErrors.wrongLastSequence || code === apiErrors.wrongLastSequenceUnknown)
      return { kind: 'occupied' };
    const why = ack?.error?.description;
    if (why !== undefined && why !== this.#refusedFor) this.#options.onRefused?.(why);
    this.#refusedFor = why;
    const counts = code === undefined && ack?.stream === stream && ack.seq === after + 1 && ack.duplicate !== true;
    return counts ? { kind: 'appended', position: after + 1 } : { kind: 'unknown', cause: ack };
  }

  async read(from: number, maxBytes: number = limits.natsReadBytes): Promise<readonly LogRecord[]> {
    let unanswered = 0;
    for (let looks = 1; ; looks++) {
      if (from < this.#first) throw this.#trimmed(from);
      const { records, skippedTo, answered, end } = await this.#batch(from, maxBytes, readPatienceMs(unanswered));
      if (records.length > 0 || (answered && skippedTo === undefined)) return records;
      if (skippedTo !== undefined && (await this.#isHole(from)) && looks >= limits.natsHoleLooks)
        throw this.#damaged(from, skippedTo);
      // Nobody serves it: none of its servers for now, or there is no such stream any more.
      if (end === 'refused') await this.#mustBe();
      if (end === 'timeout') unanswered++;
      await this.#options.link.pause(limits.natsRetryMs);
    }
  }

  async end(): Promise<number> {
    return (await this.#info()).state.last_seq;
  }

  async start(): Promise<number> {
    const { messages, first_seq: first, last_seq: last } = (await this.#info()).state;
    const start = messages === 0 ? last + 1 : first;
    this.#first = Math.max(this.#first, start);
    return this.#first;
  }

  async trim(upTo: number): Promise<void> {
    const { link, stream } = this.#options;
    const seq = Math.min(upTo, await this.end());
    // A purge of everything below 1 was one of everything, once.
    if (seq < 2 || seq <= this.#first) return;
    await purgeStream(link, stream, { seq });
    this.#first = Math.max(this.#first, seq);
  }

  async #info(): Promise<StreamInfo> {
    const { link, stream } = this.#options;
    const info = await findStream(link, stream);
    if (info !== undefined) {
      // Of one that was made anew nothing was trimmed.
      if (this.#created !== info.created) this.#first = 1;
      this.#created = info.created;
      return info;
    }
    throw this.#gone();
  }

  /** Asks once, and throws if the leader of the servers says that there is no such stream. */
  async #mustBe(): Promise<void> {
    const { link, stream } = this.#options;
    const answer = await askApi(link, `STREAM.INFO.${stream}`, {});
    if ('error' in answer && answer.error.err_code === apiErrors.streamNotFound) throw this.#gone();
  }

  #gone(): TuttiError {
    const { stream } = this.#options;
    return new TuttiError(
      'LOG_DAMAGED',
      `The stream ${stream} is gone: it was removed from NATS while its log was in use, with all that was acknowledged there. Put it back from a backup of the servers, or start a node anew: then the stream is made again, and what nodes have copies of is put back.`,
      { details: { stream } },
    );
  }

  /** Asks one replica, whichever answers, for what it has. */
  async #batch(from: number, maxBytes: number, timeoutMs: number): Promise<Batch> {
    const { link, stream } = this.#options;
    const request = { seq: from, batch: limits.natsReadRecords, max_bytes: Math.max(1, maxBytes) };
    const records: LogRecord[] = [];
    let skippedTo: number | undefined;
    let answered = false;
    let end = 'lost' as Reply['kind'];
    await link.collect(`$JS.API.DIRECT.GET.${stream}`, jsonBytes(request), timeoutMs, (reply) => {
      end = reply.kind;
      if (reply.kind !== 'answer') return false;
      const position = positionOf(reply.message);
      if (position === undefined) {
        answered = endCodes.has(reply.message.headers?.code ?? 0);
        return false;
      }
      if (position !== from + records.length) {
        skippedTo = position;
        return false;
      }
      records.push({ position, bytes: ownBytes(reply.message.data) });
      return true;
    });
    if (end === 'closed') throw closedError();
    return { records, skippedTo, answered, end };
  }

  /** Nothing stands at `from` for who answered, but something behind it: what does the leader say? Throws `LOG_TRIMMED`. */
  async #isHole(from: number): Promise<boolean> {
    await this.start();
    if (from < this.#first) throw this.#trimmed(from);
    const { link, stream } = this.#options;
    const answer = await askApi(link, `STREAM.MSG.GET.${stream}`, { seq: from });
    return 'error' in answer && answer.error.err_code === apiErrors.messageNotFound;
  }

  #damaged(from: number, next: number): TuttiError {
    const { stream } = this.#options;
    return new TuttiError(
      'LOG_DAMAGED',
      `The stream ${stream} holds nothing at position ${from}, though it begins at ${this.#first} and goes on at ${next}.`,
      { details: { stream, position: from, first: this.#first, next } },
    );
  }

  #trimmed(from: number): TuttiError {
    const { stream } = this.#options;
    return new TuttiError(
      'LOG_TRIMMED',
      `The log ${stream} begins at position ${this.#first}; ${from} was asked for.`,
      { details: { stream, start: this.#first, from } },
    );
  }
}

/** The end of a batch; nothing there. Everything else is a request that could not be served. */
const endCodes: ReadonlySet<number> = new Set([204, 404]);

/** Undefined: this is no record. */
const positionOf = (message: Msg): number | undefined => {
  const sequence = message.headers?.get('Nats-Sequence');
  return sequence === undefined || sequence === '' ? undefined : Number(sequence);
};
