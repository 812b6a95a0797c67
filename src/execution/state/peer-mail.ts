/**
 * Messages between partitions on their way over the bus: gathered by receiver, one parcel a turn. The bus may lose, repeat
 * and reorder them; the outbox makes that good.
 */
import { pack, unpack } from 'msgpackr';
import type { Bus } from '../../engine/engine.ts';
import type { MessageBody, PeerMessage } from '../../partition/outbox.ts';

const subjectOf = (partition: number): string => `partition/${partition}`;

export class PeerMail {
  readonly #bus: Bus;
  /** What ends the subscription of each partition that is open here. */
  readonly #subscribed = new Map<number, () => void>();
  readonly #outgoing = new Map<number, PeerMessage[]>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Calls `take` with what arrives for a partition. */
  receive(partition: number, take: (messages: readonly PeerMessage[]) => void): void {
    this.ignore(partition);
    this.#subscribed.set(
      partition,
      this.#bus.subscribe(subjectOf(partition), (bytes) => take(decodeParcel(bytes))),
    );
  }

  /** What arrives for it is another's. */
  ignore(partition: number): void {
    this.#subscribed.get(partition)?.();
    this.#subscribed.delete(partition);
  }

  add(message: PeerMessage): void {
    const messages = this.#outgoing.get(message.to);
    if (messages === undefined) this.#outgoing.set(message.to, [message]);
    else messages.push(message);
  }

  /** Sends what was added. */
  post(): void {
    if (this.#outgoing.size === 0) return;
    for (const [partition, messages] of this.#outgoing) this.#bus.publish(subjectOf(partition), encodeParcel(messages));
    this.#outgoing.clear();
  }
}

/** Each message is `[from, to, number, time, body]`, each acknowledgement `[from, to, upTo, again]`. */
const encodeParcel = (messages: readonly PeerMessage[]): Uint8Array =>
  pack(
    messages.map((message) =>
      message.kind === 'message'
        ? [message.from, message.to, message.number, message.time, message.body]
        : [message.from, message.to, message.upTo, message.again],
    ),
  );

type Packed =
  | readonly [from: number, to: number, number: number, time: number, body: MessageBody]
  | readonly [from: number, to: number, upTo: number, again: boolean];

export const decodeParcel = (bytes: Uint8Array): PeerMessage[] =>
  (unpack(bytes) as readonly Packed[]).map((packed) =>
    packed.length === 5
      ? { kind: 'message', from: packed[0], to: packed[1], number: packed[2], time: packed[3], body: packed[4] }
      : { kind: 'received', from: packed[0], to: packed[1], upTo: packed[2], again: packed[3] },
  );
