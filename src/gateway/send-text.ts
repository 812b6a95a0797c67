/**
 * Sends answers whose text is known without reading them back from a stream: a seventh of what a small request costs. What
 * readers have not taken yet is bounded, all connections together: beyond, long answers are refused until some of it has gone.
 */
import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { problemResponse } from './problem.ts';
import type { TextResponse } from './text-response.ts';

/** Answers up to here are always sent: they take no more than what they tell of. */
const shortBytes = 16 * 1024;

export class TextSender {
  readonly #report: (error: unknown) => void;
  #bytesHeld = 0;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** What the handler of a request is to give back for it. */
  send({ content, status, headers }: TextResponse, outgoing: ServerResponse): Response {
    if (outgoing.closed) return RESPONSE_ALREADY_SENT;
    const bytes = Buffer.byteLength(content);
    if (bytes > shortBytes && this.#bytesHeld + bytes > limits.gatewayAnswersBytesMax)
      return problemResponse(
        new TuttiError(
          'OVERLOADED',
          'Answers that others have not taken fill what the gateway holds of them at once.',
          {
            details: { retryMs: 1_000 },
          },
        ),
        this.#report,
      );
    this.#bytesHeld += bytes;
    outgoing.once('close', () => {
      this.#bytesHeld -= bytes;
    });
    headers.set('content-length', String(bytes));
    outgoing.writeHead(status, Object.fromEntries(headers));
    outgoing.end(content);
    return RESPONSE_ALREADY_SENT;
  }
}
