/**
 * Bodies of requests: read whole, as UTF-8, within bounds for each and for all that are read at once. What is not UTF-8 is
 * refused: decoders would otherwise put other characters in its place.
 */
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';

export class BodyReader {
  #bytesHeld = 0;

  /** The text of a body, '' where there is none. Throws `VALUE_TOO_LARGE`, `VALUE_MALFORMED`, `OVERLOADED`. */
  async read(request: Request): Promise<string> {
    const length = declaredLength(request);
    if (length === 0) return '';
    if (length !== undefined && length > limits.gatewayBodyBytesMax) throw tooLarge();
    try {
      return await (length === undefined ? this.#readUndeclared(request) : this.#readDeclared(request, length));
    } catch (cause) {
      if (isTuttiError(cause)) throw cause;
      throw new TuttiError('VALUE_MALFORMED', 'The body could not be read to its end.', { cause });
    }
  }

  /** The server sees to it that so many bytes come, so that they need not be counted here. */
  async #readDeclared(request: Request, length: number): Promise<string> {
    this.#take(length);
    try {
      return decode([new Uint8Array(await request.arrayBuffer())]);
    } finally {
      this.#bytesHeld -= length;
    }
  }

  async #readUndeclared(request: Request): Promise<string> {
    if (request.body === null) return '';
    const reader = request.body.getReader();
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return decode(chunks);
        this.#take(value.byteLength);
        bytes += value.byteLength;
        if (bytes > limits.gatewayBodyBytesMax) throw tooLarge();
        chunks.push(value);
      }
    } catch (error) {
      reader.cancel().catch(() => undefined);
      throw error;
    } finally {
      this.#bytesHeld -= bytes;
    }
  }

  #take(bytes: number): void {
    this.#bytesHeld += bytes;
    if (this.#bytesHeld <= limits.gatewayBodiesBytesMax) return;
    this.#bytesHeld -= bytes;
    throw new TuttiError('OVERLOADED', 'The bodies of other requests fill what the gateway holds of them at once.', {
      details: { retryMs: limits.overloadedRetryMs },
    });
  }
}

const declaredLength = (request: Request): number | undefined => {
  const header = request.headers.get('content-length');
  return header === null || !/^\d{1,15}$/.test(header) ? undefined : Number(header);
};

const decode = (chunks: readonly Uint8Array[]): string => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    let text = '';
    for (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
    return text + decoder.decode();
  } catch (cause) {
    throw new TuttiError('VALUE_MALFORMED', 'The body is not UTF-8 text.', { cause });
  }
};

const tooLarge = (): TuttiError =>
  new TuttiError('VALUE_TOO_LARGE', `A body has at most ${limits.gatewayBodyBytesMax} bytes.`, {
    details: { bytesMax: limits.gatewayBodyBytesMax },
  });
