/**
 * A process that floods a node: it opens connections and sends starts at a given rate, whatever the node says, and goes away. A frame is
 * made by writing numbers and ids into one that was encoded once, with a mask of zeros, so that the flood costs the machine little. What
 * a connection does not take is not sent: its buffer is full then, because the node reads no faster.
 */
import { writeFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { newTaskId } from '../../src/node/local-client.ts';
import { nodeEnv } from '../../src/platform/node.ts';
import { protocolVersion } from '../../src/protocol/protocol-version.ts';
import {
  connectPath,
  decodeNodeFrame,
  encodeFrame,
  fromClient,
  fromNode,
  subprotocol,
} from '../../src/protocol/wire.ts';
import { decodeError, decodeValue } from '../../src/values/codec.ts';
import { noopInput } from './app.ts';

export type FloodRequest = {
  readonly url: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly seconds: number;
  /** Where the ids of what was acknowledged go, one a line. */
  readonly idsFile: string;
};

/** So many starts since it began. */
export type FloodCounts = {
  /** That were due: sent and blocked. */
  offered: number;
  sent: number;
  /** Not sent, because the connection had `bufferBytes` that were not answered, or took no more. */
  blocked: number;
  acknowledged: number;
  refused: number;
  /** Among the refused: those that do not say when to come again. */
  withoutDelay: number;
  /** Not started, because the id has waited so long that tasks minted after it were removed already: a client takes a new one. */
  expired: number;
  /** Unanswered when their connection ended. */
  lost: number;
};

/** `ready`: all connections are open. `flooding`: once a second. `stopped`: nothing more is sent. `ended`: its connections are closed. */
export type FloodNews = { readonly state: 'ready' | 'flooding' | 'stopped' | 'ended'; readonly counts: FloodCounts };

/** The characters of ids: as many as starts in a frame, whose ids differ in the last one. */
const idCharacters = Buffer.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ');
const batch = idCharacters.length;
const tickMs = 5;
/**
 * What a connection holds, as the buffers of a socket do. Linux would take megabytes for each over the loopback, for all more than it
 * gives to TCP, which then stands still by itself.
 */
const bufferBytes = 64 * 1024;

const env = nodeEnv();
const { url, connections, perSecond, seconds, idsFile } = JSON.parse(process.argv[2] as string) as FloodRequest;
const counts: FloodCounts = {
  offered: 0,
  sent: 0,
  blocked: 0,
  acknowledged: 0,
  refused: 0,
  withoutDelay: 0,
  expired: 0,
  lost: 0,
};
const ids: string[] = [];
const tell = (state: FloodNews['state']): void => void process.send?.({ state, counts } satisfies FloodNews);

/** A number that takes four bytes, and so do all that follow. */
const firstNumber = 0x1_0000;
const sampleId = newTaskId(env);
const input = JSON.stringify(noopInput(1));
const template = Buffer.from(
  encodeFrame(
    Array.from({ length: batch }, () => [
      fromClient.request,
      firstNumber,
      1,
      'start',
      sampleId,
      'noop',
      input,
      null,
      0,
      0,
    ]),
  ),
);
const placesOf = (bytes: Uint8Array): number[] => {
  const places: number[] = [];
  for (let at = template.indexOf(bytes); at >= 0; at = template.indexOf(bytes, at + 1)) places.push(at);
  return places;
};
const numbersAt = placesOf(Uint8Array.of(0xce, 0, 1, 0, 0)).map((at) => at + 1);
const idsAt = placesOf(Buffer.from(sampleId));
if (numbersAt.length !== batch || idsAt.length !== batch) throw new Error('A frame is not what it is taken for.');

const unansweredMax = (bufferBytes * batch) / template.length;

/** A frame whose requests are numbered from `first` on. */
const frameFrom = (first: number): Buffer => {
  const frame = Buffer.from(template);
  const id = newTaskId(env);
  for (let index = 0; index < batch; index++) {
    frame.writeUInt32BE(first + index, numbersAt[index]);
    const at = idsAt[index] as number;
    frame.write(id, at, 'latin1');
    frame[at + id.length - 1] = idCharacters[index] as number;
  }
  return frame;
};

/** Texts of refusals are few; whether one of them tells a delay is looked up once. */
const refusals: { readonly text: string; readonly hasDelay: boolean }[] = [];
const hasDelay = (text: string): boolean => {
  // Not a map: it would make a hash of each text.
  const known = refusals.find((one) => one.text === text);
  if (known !== undefined) return known.hasDelay;
  const { code, details, message } = decodeError(text) as Error & { code?: string; details?: { retryMs?: number } };
  const refusal = { text, hasDelay: code === 'OVERLOADED' && Number(details?.retryMs) > 0 };
  if (!refusal.hasDelay) process.stderr.write(`refused with ${message}\n`);
  refusals.push(refusal);
  return refusal.hasDelay;
};

class Flooder {
  readonly #socket: WebSocket;
  readonly closed: Promise<void>;
  #next = firstNumber;
  #answered = 0;

  static open(): Promise<Flooder> {
    return new Promise((resolve, reject) => {
      const address = `${url.replace('http', 'ws')}${connectPath}`;
      const socket = new WebSocket(address, [subprotocol], { generateMask: (mask) => mask.fill(0) });
      socket.once('error', reject);
      socket.once('open', () => resolve(new Flooder(socket)));
    });
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => this.#receive(data));
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        counts.lost += this.#unanswered;
        resolve();
      }),
    );
    socket.send(encodeFrame([[fromClient.hello, protocolVersion, null, newTaskId(env)]]));
  }

  get #unanswered(): number {
    return this.#next - firstNumber - this.#answered;
  }

  flood(): void {
    counts.offered += batch;
    if (this.#unanswered > unansweredMax || this.#socket.bufferedAmount > 0) {
      counts.blocked += batch;
      return;
    }
    counts.sent += batch;
    this.#socket.send(frameFrom(this.#next));
    this.#next += batch;
  }

  end(): void {
    this.#socket.terminate();
  }

  #receive(data: Buffer): void {
    for (const message of decodeNodeFrame(data)) {
      if (message[0] !== fromNode.reply) continue;
      const [, , ok, text] = message;
      this.#answered++;
      if (ok === 1) {
        counts.acknowledged++;
        ids.push(decodeValue(text) as string);
      } else if (text.includes('"REQUEST_EXPIRED"')) counts.expired++;
      else {
        counts.refused++;
        if (!hasDelay(text)) counts.withoutDelay++;
      }
    }
  }
}

const flood = async (flooders: readonly Flooder[]): Promise<void> => {
  const began = performance.now();
  let told = began;
  let turn = 0;
  for (let now = began; now < began + seconds * 1_000; now = performance.now()) {
    const due = ((now - began) * perSecond) / 1_000;
    while (counts.offered < due) (flooders[turn++ % flooders.length] as Flooder).flood();
    if (now - told >= 1_000) {
      told += 1_000;
      tell('flooding');
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
};

const run = async (): Promise<void> => {
  await flood(flooders);
  tell('stopped');
  for (const flooder of flooders) flooder.end();
  await Promise.all(flooders.map(({ closed }) => closed));
  writeFileSync(idsFile, ids.join('\n'));
  tell('ended');
  process.disconnect();
};

const flooders = await Promise.all(Array.from({ length: connections }, () => Flooder.open()));
process.once('message', () => void run());
tell('ready');
