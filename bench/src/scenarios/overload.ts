/**
 * A thousand connections that ask for ten times what the node can do, and do not wait when they are told to: what it acknowledges
 * must finish, what it refuses must carry a delay, its memory must stay bounded, and soon after it must be as quick as before.
 */

import { isTuttiError } from 'tutti';
import { connect } from 'tutti/client';
import { WebSocket } from 'ws';
import { newTaskId } from '../../../src/node/local-client.ts';
import { nodeEnv } from '../../../src/platform/node.ts';
import { protocolVersion } from '../../../src/protocol/protocol-version.ts';
import {
  connectPath,
  decodeNodeFrame,
  encodeFrame,
  fromClient,
  fromNode,
  subprotocol,
} from '../../../src/protocol/wire.ts';
import { decodeError, decodeValue } from '../../../src/values/codec.ts';
import * as app from '../app.ts';
import { noop, noopInput } from '../app.ts';
import { loopsOf, percentile, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';
import { Serving } from '../serving.ts';

const connections = 1_000;
const times = 10;
/** Beyond so many without an answer a connection asks for nothing more: else what waits in the system's buffers would be measured. */
const unansweredMax = 200;
const tickMs = 20;
const env = nodeEnv();
const inputText = JSON.stringify(noopInput(1));

/** Speaks the protocol without the manners of the client: it neither waits nor repeats. */
class RudeClient {
  readonly #socket: WebSocket;
  readonly #asked = new Map<number, string>();
  readonly accepted: string[] = [];
  #next = 1;
  refused = 0;
  /** Not asked, because too much had no answer. */
  unsent = 0;
  /** Unanswered when its connection was closed. */
  lost = 0;
  withoutDelay = 0;

  static open(url: string): Promise<RudeClient> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}${connectPath}`, [subprotocol]);
      socket.once('error', reject);
      socket.once('open', () => resolve(new RudeClient(socket)));
    });
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('close', () => {
      this.lost += this.#asked.size;
      this.#asked.clear();
    });
    socket.send(encodeFrame([[fromClient.hello, protocolVersion, null, newTaskId(env)]]));
  }

  get unanswered(): number {
    return this.#asked.size;
  }

  start(count: number): void {
    const asked = Math.min(count, unansweredMax - this.#asked.size);
    this.unsent += count - asked;
    if (asked === 0) return;
    this.#socket.send(
      encodeFrame(
        Array.from({ length: asked }, () => {
          const id = newTaskId(env);
          this.#asked.set(this.#next, id);
          return [fromClient.request, this.#next++, 1, 'start', id, 'noop', inputText, null, 0, 0];
        }),
      ),
    );
  }

  close(): void {
    this.#socket.close();
  }

  #receive(data: Buffer): void {
    for (const message of decodeNodeFrame(data)) {
      if (message[0] !== fromNode.reply) continue;
      const [, request, ok, text] = message;
      if (ok === 1) this.accepted.push(decodeValue(text) as string);
      else {
        const error = decodeError(text);
        this.refused++;
        if (!isTuttiError(error) || error.code !== 'OVERLOADED' || !(Number(error.details['retryMs']) > 0)) {
          if (this.withoutDelay++ === 0) process.stderr.write(`refused with ${error.message}\n`);
        }
      }
      this.#asked.delete(request);
    }
  }
}

export const overload: Scenario = {
  name: 'overload',
  cases: [undefined],
  async run(options) {
    const seconds = Math.max(2, scaled(60, options));
    await using serving = await Serving.start(options, 10_000_000);
    await using client = connect(serving.url, { app });
    const one = async (index: number): Promise<void> => {
      check((await client.run(noop, noopInput(index))) === index, `task ${index}`);
    };
    // How quick it is when nobody presses, and how much it can do.
    await loopsOf(2_000, 500, one);
    const calm = percentile(await loopsOf(500, 1, one), 0.5);
    const sustained = await span(() => loopsOf(20_000, 2_000, one));
    const sustainable = 20_000 / sustained.seconds;
    const before = await serving.cost();

    const clients = await Promise.all(Array.from({ length: connections }, () => RudeClient.open(serving.url)));
    let offered = 0;
    let due = 0;
    const { cpuSeconds } = await span(async () => {
      const end = performance.now() + seconds * 1_000;
      for (let last = performance.now(); last < end; ) {
        await new Promise((resolve) => setTimeout(resolve, tickMs));
        const now = performance.now();
        due += (sustainable * times * (now - last)) / 1_000;
        last = now;
        const each = Math.floor(due / connections);
        due -= each * connections;
        for (const rude of clients) rude.start(each);
        offered += each * connections;
      }
    });
    const during = await serving.cost();
    const stoppedAt = performance.now();
    while (clients.some(({ unanswered }) => unanswered > 0)) await new Promise((resolve) => setTimeout(resolve, 50));
    const answeredMs = performance.now() - stoppedAt;
    // What an ordinary caller sees from now on.
    let recoveredMs = Number.NaN;
    while (performance.now() - stoppedAt < 30_000) {
      const p50 = percentile(await loopsOf(50, 1, one), 0.5);
      if (p50 < calm * 2) {
        recoveredMs = performance.now() - stoppedAt;
        break;
      }
    }
    const accepted = clients.flatMap((rude) => rude.accepted);
    await loopsOf(accepted.length, 2_000, async (at) => {
      check((await client.result(accepted[at] as string)) === 1, `task ${accepted[at]} was acknowledged`);
    });
    check(
      clients.every(({ withoutDelay }) => withoutDelay === 0),
      'a refusal without a delay',
    );
    const refused = clients.reduce((sum, rude) => sum + rude.refused, 0);
    for (const rude of clients) rude.close();
    return {
      n: accepted.length,
      seconds,
      cpuSeconds,
      latencies: undefined,
      extra: {
        sustainable_per_s: sustainable,
        offered_per_s: offered / seconds,
        refused,
        unsent: clients.reduce((sum, rude) => sum + rude.unsent, 0),
        lost: clients.reduce((sum, rude) => sum + rude.lost, 0),
        before_rss_mb: before.peakRssMb,
        node_rss_mb: during.peakRssMb,
        answered_ms: answeredMs,
        recovered_ms: recoveredMs,
        calm_p50_ms: calm,
      },
      settings: { connections, times, seconds, unansweredMax },
    };
  },
};
