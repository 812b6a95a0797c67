import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PeerMessage, receivePeerMessage, resendMessages, sendMessage } from './outbox.ts';
import type { Transaction } from './transaction.ts';

/** Rows that are durable at once, and a wire between. */
class Side {
  readonly own: number;
  readonly rows = new Map<string, unknown>();
  readonly taken: unknown[] = [];
  readonly wire: PeerMessage[];

  constructor(own: number, wire: PeerMessage[]) {
    this.own = own;
    this.wire = wire;
  }

  readonly tx = {
    time: 0,
    get: (table: { id: number }, key: string) => this.rows.get(`${table.id}/${key}`),
    put: (table: { id: number }, key: string, row: unknown) => void this.rows.set(`${table.id}/${key}`, row),
    delete: (table: { id: number }, key: string) => void this.rows.delete(`${table.id}/${key}`),
    emit: (output: PeerMessage) => void this.wire.push(output),
    notBefore: (time: number) => {
      this.tx.time = Math.max(this.tx.time, time);
    },
  } as unknown as Transaction<PeerMessage> & { time: number };

  receive(message: PeerMessage): void {
    receivePeerMessage(this.tx, this.own, message, (from, body) => {
      this.taken.push([from, ...body]);
      // An answer from within, also to itself.
      if (body[1] === 'answer') sendMessage(this.tx, this.own, from, [body[0], 'answered']);
    });
  }
}

const action = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), from: fc.nat(1), to: fc.nat(1), answer: fc.boolean() }),
  fc.record({ kind: fc.constant('deliver' as const), at: fc.nat(30) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(30) }),
  fc.record({ kind: fc.constant('lose' as const), at: fc.nat(30) }),
  fc.record({ kind: fc.constant('lead' as const), side: fc.nat(1) }),
);

test('messages arrive exactly once and in order, however the wire loses, repeats and reorders them (T5)', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80, size: 'max' }), fc.nat(1), (actions, last) => {
      const wire: PeerMessage[] = [];
      const sides = [new Side(0, wire), new Side(1, wire)] as const;
      const side = (at: number): Side => sides[at] as Side;
      const sent: unknown[][][] = [
        [[], []],
        [[], []],
      ];
      let count = 0;
      for (const each of actions) {
        const at = 'at' in each && wire.length > 0 ? each.at % wire.length : -1;
        if (each.kind === 'send') {
          const body = [count++, each.answer ? 'answer' : 'plain'];
          sendMessage(side(each.from).tx, each.from, each.to, body);
          sent[each.from]?.[each.to]?.push([each.from, ...body]);
        } else if (each.kind === 'lead') resendMessages(side(each.side).tx, each.side, 2);
        else if (at >= 0) {
          const message = wire[at] as PeerMessage;
          if (each.kind !== 'repeat') wire.splice(at, 1);
          if (each.kind !== 'lose') side(message.to).receive(message);
        }
      }
      // New leaders one after the other; what the first sends is lost, because the other does not lead yet.
      const drain = () => {
        for (let message = wire.shift(); message !== undefined; message = wire.shift())
          side(message.to).receive(message);
      };
      resendMessages(side(last).tx, last, 2);
      wire.splice(0, wire.length, ...wire.filter(({ to }) => to === last));
      drain();
      resendMessages(side(1 - last).tx, 1 - last, 2);
      drain();
      for (const { own, taken, rows } of sides)
        for (const from of [0, 1]) {
          const got = taken.filter((body) => (body as unknown[])[0] === from && (body as unknown[])[2] !== 'answered');
          expect(got).toEqual(sent[from]?.[own]);
          expect([...rows.keys()].filter((key) => key.startsWith('1/'))).toEqual([]);
        }
      const asked = sent.flat(2).filter((body) => (body as unknown[])[2] === 'answer').length;
      const answers = sides.flatMap(({ taken }) => taken).filter((body) => (body as unknown[])[2] === 'answered');
      expect(answers.length).toBe(asked);
    }),
    { numRuns: 300 },
  );
});

test('what a message causes is not before it', () => {
  const wire: PeerMessage[] = [];
  const [a, b] = [new Side(0, wire), new Side(1, wire)];
  a.tx.time = 5_000;
  sendMessage(a.tx, 0, 1, ['x']);
  b.receive(wire.shift() as PeerMessage);
  expect(b.tx.time).toBe(5_000);
});

test('an acknowledgement of what was never sent makes nobody forget', () => {
  const wire: PeerMessage[] = [];
  const a = new Side(0, wire);
  a.receive({ kind: 'received', to: 0, from: 1, upTo: 9, again: false });
  sendMessage(a.tx, 0, 1, ['x']);
  resendMessages(a.tx, 0, 2);
  expect(wire.filter((message) => message.kind === 'message').length).toBe(2);
});
