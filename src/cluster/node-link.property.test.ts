import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { type LinkMessage, NodeLink } from './node-link.ts';

type Side = {
  link: NodeLink;
  readonly numbers: () => number;
  readonly wire: LinkMessage[];
  /** What was sent and delivered in each session, in order. */
  readonly sent: number[][];
  readonly got: number[][];
  next: number;
};

const counter = (): (() => number) => {
  let number = 0;
  return () => ++number;
};

/** Two ends over a wire that loses, repeats and reorders; `draw` decides. */
const play = (draws: readonly number[], calm: boolean) => {
  let nowMs = 0;
  const side = (): Side => {
    const numbers = counter();
    return { link: new NodeLink(numbers, 0), numbers, wire: [], sent: [], got: [], next: 1 };
  };
  const sides = [side(), side()] as const;
  const settle = (own: Side): void => {
    for (const effect of own.link.takeEffects()) {
      switch (effect.kind) {
        case 'post':
          own.wire.push(effect.message);
          break;
        case 'up':
          own.sent.push([]);
          own.got.push([]);
          break;
        case 'down':
          break;
        case 'deliver':
          own.got.at(-1)?.push(effect.body[0] as number);
          break;
        default:
          effect satisfies never;
      }
    }
  };
  const deliver = (to: Side, message: LinkMessage): void => {
    to.link.receive(message, nowMs);
    settle(to);
  };
  const step = (draw: number): void => {
    const own = sides[draw % 2] as Side;
    const other = sides[(draw + 1) % 2] as Side;
    // It is forgotten and met again.
    if (!calm && draw % 61 === 0) own.link = new NodeLink(own.numbers, nowMs);
    switch (Math.floor(draw / 2) % 6) {
      case 0:
      case 1: {
        const message = own.wire.shift();
        if (message !== undefined) deliver(other, message);
        break;
      }
      case 2:
        if (own.link.up) {
          const number = own.next++ % 256;
          own.sent.at(-1)?.push(number);
          own.link.send(Uint8Array.of(number), nowMs);
        }
        break;
      case 3:
        nowMs += limits.linkTickMs;
        for (const each of sides) {
          each.link.tick(nowMs);
          settle(each);
        }
        break;
      case 4:
        if (!calm) own.wire.splice(draw % (own.wire.length + 1), 1);
        break;
      default: {
        const at = draw % (own.wire.length + 1);
        const message = own.wire[at];
        if (!calm && message !== undefined)
          own.wire.push(draw % 3 === 0 ? message : (own.wire.splice(at, 1)[0] as LinkMessage));
        break;
      }
    }
    settle(own);
  };
  for (const draw of draws) step(draw);
  return { sides, step, deliver };
};

const tickBoth = 6;
const drawn = fc.array(fc.nat(1_000_000), { maxLength: 800 });

test('what is delivered is what was sent in some session, from its beginning on and in order, whatever the wire does', () => {
  fc.assert(
    fc.property(drawn, (draws) => {
      const { sides } = play(draws, false);
      for (const [own, other] of [sides, [sides[1], sides[0]] as const])
        for (const got of own.got) {
          const isPrefix = (sent: readonly number[]): boolean => got.every((number, at) => sent[at] === number);
          expect(got.length === 0 || other.sent.some(isPrefix)).toBe(true);
        }
    }),
    { numRuns: 500 },
  );
});

test('on a wire that only delays everything arrives, in one session', () => {
  fc.assert(
    fc.property(drawn, (draws) => {
      const { sides, step } = play([], true);
      // Both are met first; time passes only as fast as messages do.
      for (let round = 0; round < 20; round++) for (const draw of [0, 1, 6, 0, 1]) step(draw);
      for (const draw of draws) if (Math.floor(draw / 2) % 6 === 2) step(draw);
      for (let round = 0; round < 2_000; round++) for (const draw of [0, 1]) step(draw);
      expect(sides[0].got).toEqual(sides[1].sent);
      expect(sides[1].got).toEqual(sides[0].sent);
      expect(sides[0].sent.length).toBe(1);
    }),
    { numRuns: 100 },
  );
});

test('whatever was before, both meet within a few messages, also where each comes twice and they cross', () => {
  fc.assert(
    fc.property(drawn, fc.boolean(), (draws, cross) => {
      const { sides, step, deliver } = play(draws, false);
      const [one, two] = sides;
      let messages = 0;
      for (let passed = 0; passed < 2 * limits.linkSilenceMs; passed += limits.linkTickMs) {
        step(tickBoth);
        for (let round = 0; round < 20; round++) {
          const ofOne = one.wire.splice(0);
          const ofTwo = cross ? two.wire.splice(0) : [];
          for (const message of ofOne) for (let time = 0; time < 2; time++) deliver(two, message);
          if (!cross) ofTwo.push(...two.wire.splice(0));
          for (const message of ofTwo) for (let time = 0; time < 2; time++) deliver(one, message);
          messages += ofOne.length + ofTwo.length;
        }
      }
      expect([one.link.up, two.link.up]).toEqual([true, true]);
      expect(messages).toBeLessThan(2_000);
    }),
    { numRuns: 200 },
  );
});

test('what arrived is acknowledged before it would be sent again', () => {
  const { sides, step, deliver } = play([], true);
  const [one, two] = sides;
  const send = 4;
  let bodies = 0;
  for (let ticks = 0; ticks < 20; ticks++) {
    if (ticks === 5) step(send);
    step(tickBoth);
    for (const message of one.wire.splice(0)) {
      if (message.body !== undefined) bodies++;
      deliver(two, message);
    }
    for (const message of two.wire.splice(0)) deliver(one, message);
  }
  expect([bodies, two.got]).toEqual([1, one.sent]);
});

test('one that is lost holds up those behind it until it is sent again, and no longer', () => {
  const { sides, step, deliver } = play([], true);
  const [one, two] = sides;
  const send = 4;
  const carry = (): void => {
    for (let round = 0; round < 4; round++) {
      for (const message of one.wire.splice(0)) deliver(two, message);
      for (const message of two.wire.splice(0)) deliver(one, message);
    }
  };
  step(tickBoth);
  carry();
  step(send);
  one.wire.length = 0;
  for (let ticks = 1; ticks <= 20; ticks++) {
    step(send);
    step(tickBoth);
    carry();
    if (ticks * limits.linkTickMs > limits.linkResendMs) expect(two.got).toEqual(one.sent);
  }
});

test('a side that hears nothing ends the session, and both meet again under new numbers', () => {
  const { sides, step } = play([], true);
  const meet = (): void => {
    for (let round = 0; round < 20; round++) for (const draw of [0, 1, 6, 0, 1]) step(draw);
  };
  meet();
  expect(sides.map(({ link }) => link.up)).toEqual([true, true]);
  for (let passed = 0; passed <= limits.linkSilenceMs; passed += limits.linkTickMs) {
    step(6);
    for (const { wire } of sides) wire.length = 0;
  }
  expect(sides.map(({ link }) => link.up)).toEqual([false, false]);
  meet();
  expect(sides.map(({ link }) => link.up)).toEqual([true, true]);
  expect(sides[0].sent.length).toBe(2);
});

test('a link that is forgotten and made anew is not taken for the one before', () => {
  const next = counter();
  const other = new NodeLink(counter(), 0);
  let link = new NodeLink(next, 0);
  const got: number[] = [];
  const pump = (): void => {
    for (let quiet = false; !quiet; ) {
      quiet = true;
      for (const effect of link.takeEffects()) {
        quiet = false;
        if (effect.kind === 'post') other.receive(effect.message, 0);
      }
      for (const effect of other.takeEffects()) {
        quiet = false;
        if (effect.kind === 'post') link.receive(effect.message, 0);
        if (effect.kind === 'deliver') got.push(effect.body[0] as number);
      }
    }
  };
  const sendOne = (number: number): void => {
    link.tick(0);
    pump();
    link.send(Uint8Array.of(number), 0);
    pump();
  };
  sendOne(1);
  sendOne(2);
  link = new NodeLink(next, 0);
  sendOne(3);
  expect(got).toEqual([1, 2, 3]);
});
