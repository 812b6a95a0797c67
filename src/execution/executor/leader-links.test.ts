import { expect, test } from 'vitest';
import { limits } from '../../limits.ts';
import { type Flat, fromExecutor } from '../../tasks/messages.ts';
import type { Attempt } from './attempt.ts';
import { LeaderLinks } from './leader-links.ts';
import { VirtualTime } from './scripted-leader.fixture.ts';

const [own, other] = [0, 1];

/** Links to a leader here and to one on another node, with what each was asked for since it was asked last. */
const twoLeaders = () => {
  const time = new VirtualTime();
  const asked = [0, 0];
  let flushes = 0;
  const send = (peer: number, flat: Flat): void => {
    expect(flat[0]).toBe(fromExecutor.want);
    asked[peer] = (asked[peer] ?? 0) + (flat[1] as number);
  };
  const links = new LeaderLinks(time.env, send, false, () => flushes++);
  links.add(own, false);
  links.add(other, true);
  return {
    pass: (ms: number) => {
      const until = time.nowMs + ms;
      while (time.fireNext(until));
    },
    links,
    takeAsked: () => asked.splice(0, 2, 0, 0),
    get flushes() {
      return flushes;
    },
    /** A leader grants what it was asked for, and all of it is started. */
    grants: (peer: number, count: number) => {
      const attempt = { peer } as Attempt;
      for (let n = 0; n < count; n++) links.granted(attempt);
      for (let n = 0; n < count; n++) links.unqueued(attempt, false);
    },
  };
};

test('an executor that was given nothing yet asks all leaders', () => {
  const { links, takeAsked } = twoLeaders();
  links.flush(8);
  expect(takeAsked()).toEqual([8, 4]);
});

test('one that its own node keeps busy does not ask another; one that gets nothing there for a while does, unasked', () => {
  const rig = twoLeaders();
  const { links, pass, takeAsked, grants } = rig;
  links.flush(8);
  takeAsked();
  grants(other, 4);
  grants(own, 8);
  links.flush(8);
  expect(takeAsked()).toEqual([8, 0]);
  pass(limits.askOthersAfterMs - 1);
  expect(rig.flushes).toBe(0);
  links.flush(8);
  expect(takeAsked()).toEqual([0, 0]);
  pass(1);
  expect(rig.flushes).toBe(1);
  links.flush(8);
  expect(takeAsked()).toEqual([0, 4]);
});
