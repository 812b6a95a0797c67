/**
 * A session with another node over messages that may be lost, repeated and reordered: what one side sends arrives at the other
 * once and in order, or the session ends at both. A pure state machine: messages and time go in, what is to be done comes out.
 *
 *   meeting ──(the other knows our session)──► up ──(silence, or the other began anew)──► meeting …
 *
 * L1  Each side numbers its own end of each session, upwards; what is addressed to another number, or comes from one that has
 *     ended, is never delivered. A link is between two processes: one that is started anew has a new link. One that is
 *     forgotten and met again goes on counting. A number is changed only where the other has ended it: if each changed its own
 *     because the other did, they would never meet.
 * L2  Bodies are delivered in the order in which they were sent, none twice, none left out while the session lasts.
 * L3  What was sent and not acknowledged when a session ends may have arrived or not.
 * L4  While they meet, what changes nothing is not answered: what comes twice would be answered twice, and so on.
 * L5  What comes ahead of another that is missing is kept until that one comes. Otherwise, once one is lost, each that follows would
 *     arrive only when it is sent again, for as long as there is always another under way.
 *
 * (The scheme is that of TCP's sequence numbers and acknowledgements, RFC 9293, with sessions that both sides agree on anew.)
 */
import { limits } from '../limits.ts';

/** What goes over the wire, beside who sent it. `seq` 0: no body. */
export type LinkMessage = {
  /**
   * The sender's number of the session, and what it takes for the receiver's; where it knows none, that of the last one that has
   * ended, below 0.
   */
  readonly mine: number;
  readonly yours: number;
  readonly seq: number;
  /** The last body of the receiver that the sender has. */
  readonly ack: number;
  readonly body: Uint8Array | undefined;
};

export type LinkEffect =
  | { readonly kind: 'post'; readonly message: LinkMessage }
  | { readonly kind: 'up' }
  /** What was sent and not delivered may or may not have arrived. */
  | { readonly kind: 'down' }
  | { readonly kind: 'deliver'; readonly body: Uint8Array };

export class NodeLink {
  readonly #nextNumber: () => number;
  #mine: number;
  #theirs = 0;
  /** The other's end of the session that ended last. */
  #ended = 0;
  #up = false;
  #nextSeq = 1;
  #received = 0;
  /** Something came that the other does not know to have come. */
  #owesAck = false;
  /** Bodies that came before their turn, by `seq`. */
  readonly #ahead = new Map<number, Uint8Array>();
  readonly #unacknowledged: { readonly seq: number; readonly body: Uint8Array; sentAtMs: number }[] = [];
  #heardAtMs: number;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #effects: LinkEffect[] = [];

  /** `nextNumber` gives ever higher numbers from 1 on, over all links of this process. */
  constructor(nextNumber: () => number, nowMs: number) {
    this.#nextNumber = nextNumber;
    this.#mine = nextNumber();
    this.#heardAtMs = nowMs;
  }

  get up(): boolean {
    return this.#up;
  }

  takeEffects(): LinkEffect[] {
    const effects = this.#effects;
    if (effects.length > 0) this.#effects = [];
    return effects;
  }

  /** Sends a body; only while the session is up. */
  send(body: Uint8Array, nowMs: number): void {
    if (!this.#up) return;
    const seq = this.#nextSeq++;
    this.#unacknowledged.push({ seq, body, sentAtMs: nowMs });
    this.#post(seq, body, nowMs);
    if (this.#unacknowledged.length > limits.linkUnacknowledgedMax) this.#end(nowMs);
  }

  receive({ mine, yours, seq, ack, body }: LinkMessage, nowMs: number): void {
    // An end that is over: whoever still speaks for it does not know yet.
    if (mine <= this.#ended || mine < this.#theirs) return;
    const begins = mine !== this.#theirs;
    if (begins) {
      if (this.#up || -yours >= this.#mine) this.#end(nowMs);
      this.#theirs = mine;
    }
    if (yours !== this.#mine) {
      // It speaks to an end of ours that is over, or knows none yet.
      if (begins) this.#post(0, undefined, nowMs);
      return;
    }
    this.#heardAtMs = nowMs;
    if (!this.#up) {
      this.#up = true;
      this.#effects.push({ kind: 'up' });
      this.#post(0, undefined, nowMs);
    }
    while (this.#unacknowledged.length > 0 && (this.#unacknowledged[0]?.seq as number) <= ack)
      this.#unacknowledged.shift();
    if (body !== undefined) this.#owesAck = true;
    if (body === undefined || seq <= this.#received || seq > this.#received + limits.linkUnacknowledgedMax) return;
    this.#ahead.set(seq, body);
    for (
      let next = this.#ahead.get(this.#received + 1);
      next !== undefined;
      next = this.#ahead.get(this.#received + 1)
    ) {
      this.#ahead.delete(++this.#received);
      this.#effects.push({ kind: 'deliver', body: next });
    }
  }

  /** To be called every `linkTickMs`. */
  tick(nowMs: number): void {
    if (this.#up && nowMs - this.#heardAtMs > limits.linkSilenceMs) this.#end(nowMs);
    for (const each of this.#unacknowledged)
      if (nowMs - each.sentAtMs >= limits.linkResendMs) {
        each.sentAtMs = nowMs;
        this.#post(each.seq, each.body, nowMs);
      }
    // What is acknowledged too late is sent again for nothing.
    if (this.#owesAck || nowMs - this.#saidAtMs >= limits.linkHeartbeatMs) this.#post(0, undefined, nowMs);
  }

  #end(nowMs: number): void {
    if (this.#up) this.#effects.push({ kind: 'down' });
    this.#up = false;
    this.#ended = this.#theirs;
    this.#theirs = 0;
    this.#mine = this.#nextNumber();
    this.#nextSeq = 1;
    this.#received = 0;
    this.#owesAck = false;
    this.#ahead.clear();
    this.#unacknowledged.length = 0;
    this.#heardAtMs = nowMs;
  }

  #post(seq: number, body: Uint8Array | undefined, nowMs: number): void {
    this.#saidAtMs = nowMs;
    this.#owesAck = false;
    const message = { mine: this.#mine, yours: this.#theirs || -this.#ended, seq, ack: this.#received, body };
    this.#effects.push({ kind: 'post', message });
  }
}
