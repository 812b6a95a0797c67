import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { InFlight } from './in-flight.ts';

const refused = expect.objectContaining({ code: 'OVERLOADED', retry: 'later' });

test('one connection has a bounded share, and gets it back as its requests end', () => {
  const inFlight = new InFlight();
  const [one, other] = [{}, {}];
  const leaves = Array.from({ length: limits.gatewayInFlightPerConnectionMax }, () => inFlight.enter(one));
  expect(() => inFlight.enter(one)).toThrow(refused);
  inFlight.enter(other);
  leaves[0]?.();
  leaves[0]?.();
  inFlight.enter(one);
  expect(() => inFlight.enter(one)).toThrow(refused);
  expect(inFlight.total).toBe(limits.gatewayInFlightPerConnectionMax + 1);
});

test('all connections together are bounded, those that are not known among them', () => {
  const inFlight = new InFlight();
  const leaves = Array.from({ length: limits.gatewayInFlightMax }, () => inFlight.enter(undefined));
  expect(() => inFlight.enter({})).toThrow(refused);
  for (const leave of leaves) leave();
  expect(inFlight.total).toBe(0);
});
