/** A log as one life of a node sees it: requests over the network, with time-outs. */
import { TuttiError } from '../../errors/tutti-error.ts';
import type { AppendResult, Log, LogRecord } from '../engine.ts';
import type { ByteCopies } from './byte-copies.ts';
import type { AppendReply, LogService, ReadReply } from './log-service.ts';
import type { Place } from './place.ts';
import { Requests } from './requests.ts';

const appendTimeoutMs = 1_000;
const readTimeoutMs = 300;
/** Small, so that reading takes a while and others act meanwhile. */
const readBytesDefault = 2_000;
const nothing = new Uint8Array(0);

export class SimulatedLog implements Log {
  readonly shared = true;
  readonly #requests: Requests;
  readonly #copies: ByteCopies;
  readonly #service: LogService;

  constructor(place: Place, name: string, service: LogService) {
    this.#requests = new Requests(place, `log ${name}`);
    this.#copies = place.network.copies;
    this.#service = service;
  }

  async append(bytes: Uint8Array, after: number): Promise<AppendResult> {
    const reply = await this.#requests.once<AppendReply>('append', after, bytes, appendTimeoutMs, (sent, answer) =>
      this.#service.append(sent, after, answer),
    );
    return reply ?? { kind: 'unknown' };
  }

  async read(from: number, maxBytes: number = readBytesDefault): Promise<readonly LogRecord[]> {
    const reply = await this.#requests.untilAnswered<ReadReply>('read', from, nothing, readTimeoutMs, (_sent, answer) =>
      answer(this.#service.read(from, maxBytes)),
    );
    if (reply.kind === 'trimmed')
      throw new TuttiError('LOG_TRIMMED', `The log begins at position ${reply.start}; ${from} was asked for.`, {
        details: { start: reply.start, from },
      });
    return reply.records.map((bytes, at) => ({ position: reply.first + at, bytes: this.#copies.of(bytes) }));
  }

  end(): Promise<number> {
    return this.#requests.untilAnswered<number>('end', undefined, nothing, readTimeoutMs, (_sent, answer) => {
      const end = this.#service.seenEnd();
      if (end !== undefined) answer(end);
    });
  }

  start(): Promise<number> {
    return this.#requests.untilAnswered('start', undefined, nothing, readTimeoutMs, (_sent, answer) =>
      answer(this.#service.start),
    );
  }

  async trim(upTo: number): Promise<void> {
    await this.#requests.untilAnswered<true>('trim', upTo, nothing, readTimeoutMs, (_sent, answer) => {
      if (this.#service.trim(upTo)) answer(true);
    });
  }
}
