/**
 * Bytes that no client sends, over real sockets to a real node: frames that break the rules of WebSockets (opcodes and bits that
 * mean nothing, pieces out of order, lengths beyond all bounds, no mask, an end in the middle), and proper ones whose content is
 * fuzzed. Each connection is answered or closed, with a code; nothing is started, and the node serves its clients as before.
 *
 * `TUTTI_FUZZ_WRITES` says how many, `TUTTI_FUZZ_SEED` with which seed.
 */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { FuzzedFrames } from '../../src/gateway/fuzzed-frames.fixture.ts';
import { type GatewayServer, listen } from '../../src/gateway/server.ts';
import { type EmbeddedNode, openNode } from '../../src/node/open.ts';
import { closeCode, decodeNodeFrame, encodeFrame, fromClient, fromNode } from '../../src/protocol/wire.ts';
import { decodeError } from '../../src/values/codec.ts';
import { seededRandom } from '../../src/values/hash.ts';
import { mintTaskId } from '../../src/values/task-id.ts';
import type * as app from './client-app.fixture.ts';

const writes = Number(process.env['TUTTI_FUZZ_WRITES'] ?? 5_000);
const seed = process.env['TUTTI_FUZZ_SEED'] ?? '1';
const token = 'a-token-of-the-right-length';

let node: EmbeddedNode;
let served: GatewayServer;
const reports: unknown[] = [];

beforeAll(async () => {
  const module = new URL('./client-app.fixture.ts', import.meta.url).href;
  node = await openNode({ module, engine: 'memory', executors: 1 }, undefined);
  served = await listen(await node.backend(), { port: 0, token, report: (error) => reports.push(error) });
});
afterAll(async () => {
  await served.close();
  await node.close();
});

const [continued, binary, final] = [0x00, 0x02, 0x80];
const opcode = { text: 0x01, close: 0x08, ping: 0x09, pong: 0x0a };

/** As it goes over the wire, masked with zeros; `length` is what it says of itself. */
const onWire = (first: number, payload: Uint8Array, length = BigInt(payload.length)): Uint8Array => {
  const head = Buffer.alloc(length < 126n ? 2 : length < 65_536n ? 4 : 10);
  head[0] = first;
  head[1] = 0x80 | (length < 126n ? Number(length) : head.length === 4 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(Number(length), 2);
  if (head.length === 10) head.writeBigUInt64BE(length, 2);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
};

/** No code, half of one, a proper one (1000), one that may not be sent (1006), and a reason that is no text. */
const goodbyes = [[], [0x03], [0x03, 0xe8], [0x03, 0xee], [0x03, 0xe8, 0xff]];

const fuzzedWrite = (fuzz: FuzzedFrames): Uint8Array => {
  const payload = fuzz.frame();
  switch (fuzz.below(20)) {
    case 0:
      return onWire(fuzz.below(256) & ~opcode.close, payload);
    case 1:
      return onWire(binary, payload);
    case 2:
      return onWire(final | continued, payload);
    case 3:
      return onWire(final | fuzz.pick([opcode.ping, opcode.pong, 0x0b, 0x0f]), fuzz.bytes(fuzz.below(200)));
    case 4:
      return onWire(final | opcode.close, Uint8Array.from(fuzz.pick(goodbyes)));
    case 5:
      return onWire(
        final | binary,
        payload,
        fuzz.pick([1_000n, 2n ** 25n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]),
      );
    case 6:
      return Uint8Array.of(final | binary, payload.length % 126, ...payload);
    case 7:
      return onWire(final | opcode.text, payload);
    case 8:
      return fuzz.bytes(fuzz.below(40));
    case 9:
    case 10:
      return onWire(final | binary, payload);
    case 11: {
      // In two pieces, and something else between them.
      const whole = fuzz.proper();
      const at = fuzz.below(whole.length);
      const between = onWire(final | opcode.ping, fuzz.bytes(fuzz.below(8)));
      return Buffer.concat([
        onWire(binary, whole.subarray(0, at)),
        between,
        onWire(continued | final, whole.subarray(at)),
      ]);
    }
    default:
      return onWire(final | binary, fuzz.proper());
  }
};

type Told = { readonly opcode: number; readonly payload: Buffer };

/** The frames of a node; the last may have been cut off. */
const framesOf = (bytes: Buffer): Told[] => {
  const frames: Told[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = bytes[at + 1] as number;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + head > bytes.length) break;
    const length = head === 2 ? short : head === 4 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    if (at + head + length > bytes.length) break;
    frames.push({ opcode: (bytes[at] as number) & 0x0f, payload: bytes.subarray(at + head, at + head + length) });
    at += head + length;
  }
  return frames;
};

const handshake =
  'GET /v1/connect HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

/** Writes to a connection of its own, and gives all that came back when the node has closed it. */
const exchange = async (sent: readonly Uint8Array[]): Promise<Told[]> => {
  const socket = connectSocket(served.port, '127.0.0.1').on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.write(handshake);
  const [greeting] = (await once(socket, 'data')) as [Buffer];
  expect(greeting.toString('latin1')).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n$/);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const bytes of sent) socket.write(bytes);
  socket.end();
  await closed;
  return framesOf(Buffer.concat(chunks));
};

/** Those of WebSockets for what breaks their rules, and our own; 1000 answers a goodbye of the same code, 1005 one without. */
const codes = new Set<number>([1000, 1002, 1005, 1007, ...Object.values(closeCode)]);
const lastWords = Buffer.from('last words');

/** How a connection ended: the code of its close, `served` if all was in order to the end, `cut off` within a frame of its own. */
const outcomeOf = (frames: readonly Told[]): number | 'served' | 'cut off' => {
  const errors: string[] = [];
  for (const { opcode: kind, payload } of frames) {
    if (kind === opcode.close || kind === opcode.ping || kind === opcode.pong) continue;
    expect(kind).toBe(binary);
    for (const message of decodeNodeFrame(payload)) {
      if (message[0] !== fromNode.reply || message[2] === 1) continue;
      const { code } = decodeError(message[3]) as Error & { code: string };
      expect(code).toMatch(/^[A-Z_]+$/);
      expect(code).not.toBe('INVARIANT');
      if (message[1] === 0) errors.push(code);
    }
  }
  const close = frames.find(({ opcode: kind }) => kind === opcode.close)?.payload;
  if (close === undefined)
    return frames.some(({ opcode: kind, payload }) => kind === opcode.pong && payload.equals(lastWords))
      ? 'served'
      : 'cut off';
  const code = close.length < 2 ? 1005 : close.readUInt16BE(0);
  expect(codes).toContain(code);
  // Our own codes say in words or by an error what was wrong.
  if (code > 4_000) expect(errors.length === 1 || close.subarray(2).toString() === 'frames are binary').toBe(true);
  return code;
};

const title = `${writes.toLocaleString('en')} fuzzed writes to sockets (seed ${seed}): codes or closed connections, nothing started, and clients served`;

test(title, { timeout: 60_000 + writes * 20 }, async () => {
  const client = connect<typeof app>(served.url, { token });
  const states: string[] = [];
  await client.app();
  client.onConnection((state) => states.push(state));
  const random = seededRandom(seed);
  const id = mintTaskId(7, Date.now(), random.bytes(16));
  // Who was let in starts what there is not; who was not let in tries to start what there is.
  const guests = new FuzzedFrames(random, { id, task: 'unknown', tokens: [token] });
  const strangers = new FuzzedFrames(random, { id, task: 'nothing', tokens: [null, 'secret', 'wrong'] });
  const hello = onWire(final | binary, encodeFrame([[fromClient.hello, 1, token, 'fuzz']]));
  const seen = new Map<number | string, number>();
  for (let count = 0; count < writes; ) {
    const isGuest = guests.below(2) === 0;
    const fuzz = isGuest ? guests : strangers;
    const sent = Array.from({ length: 1 + fuzz.below(6) }, () => fuzzedWrite(fuzz));
    count += sent.length;
    const outcome = outcomeOf(
      await exchange([...(isGuest ? [hello] : []), ...sent, onWire(final | opcode.ping, lastWords)]),
    );
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    expect(await client.app()).toMatchObject({ tasks: expect.any(Array) });
  }
  expect(await node.list()).toEqual([]);
  expect(await client.tasks.half.run(84)).toBe(42);
  expect([states, reports]).toEqual([[], []]);
  for (const outcome of [1002, closeCode.tooLarge, closeCode.malformed, closeCode.unauthorized, 'served', 'cut off'])
    expect(seen.get(outcome), String(outcome)).toBeGreaterThan(0);
  await client.close();
});
