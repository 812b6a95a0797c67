/**
 * Weighted rendezvous hashing (Thaler and Ravishankar, IEEE/ACM ToN 6, 1998) with integers alone: a member of weight w draws w
 * tickets for a partition, and its best one is its score. So it wins w times as often, and no logarithm is needed, whose last
 * bit may differ from machine to machine (scenario L3).
 */
import { hash32 } from '../values/hash.ts';

/** How much a member suits a partition: the higher the better. An unsigned 32-bit number, the same on every machine. */
export const scoreOf = (partition: number, member: string, weight: number): number => {
  const seed = hash32(`${partition}/${member}`);
  let best = 0;
  for (let ticket = 0; ticket < weight; ticket++) best = Math.max(best, mix(seed + Math.imul(ticket, 0x9e3779b9)));
  return best;
};

/** Spreads every bit over all (the finalizer of MurmurHash3). */
const mix = (word: number): number => {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};
