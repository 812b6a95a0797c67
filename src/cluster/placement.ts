/**
 * Who is to lead and follow which partition: one function of the members and of where things are now, in integers alone. It moves
 * the least that restores its rules, and what it has placed it leaves as it is.
 *
 * - B1: leaders are balanced by weight: no move of one partition to another member would bring the loads closer to their weights
 *   (with equal weights: they differ by one at most), but for what is pinned or throttled. A load is the sum of what the partitions
 *   cost; where not all cost the same, a move has to bring more than a fifth of a member's mean load.
 * - B2: a partition's replicas lie as far apart as members allow: first in other regions, then in other zones.
 * - B3: as far as B2 allows, standbys are balanced by weight like leaders.
 */
import { isWithin } from '../app/place.ts';
import { scoreOf } from './rendezvous.ts';

export type PlacedMember = { readonly id: string; readonly weight: number; readonly location: string };
export type Place = { readonly leader: string; readonly standbys: readonly string[] };
export type PlaceNow = Place & {
  readonly pinned: string;
  readonly throttled: boolean;
  /** What it costs to lead it, beside others: a positive integer. Left out: 1. */
  readonly cost?: number;
};

/** Where each partition is to be. With no members: nowhere. */
export const placePartitions = (
  members: readonly PlacedMember[],
  now: readonly PlaceNow[],
  standbys: number,
): readonly Place[] => new Placing(members, now, standbys).run();

/** By which part of a member's mean load a move of one of unequal partitions has to make loads more equal. */
const worthwhilePart = 5;

/** `load` after one more, over `weight`, is less than `otherLoad` over `otherWeight` was: moving one there brings balance. */
const lighter = (load: number, weight: number, otherLoad: number, otherWeight: number): boolean =>
  (2 * load + 1) * otherWeight < (2 * otherLoad - 1) * weight;

/** Members by number; -1: none. */
class Placing {
  readonly #members: readonly PlacedMember[];
  readonly #now: readonly PlaceNow[];
  readonly #standbyCount: number;
  readonly #leaders: number[];
  readonly #standbys: number[][];
  readonly #costs: readonly number[];
  /** Twice what all cost, where they do not cost the same; else 0: then every move that brings balance is made. */
  readonly #margin: number;
  readonly #weights: number;
  readonly #leading: number[];
  readonly #following: number[];
  readonly #scores = new Map<number, number>();
  readonly #nearness: readonly (readonly number[])[];

  constructor(members: readonly PlacedMember[], now: readonly PlaceNow[], standbys: number) {
    this.#members = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#now = now;
    this.#standbyCount = Math.max(0, Math.min(standbys, members.length - 1));
    const numbers = new Map(this.#members.map(({ id }, number) => [id, number]));
    // Members that do not say where they are may all be in one place.
    const parts = this.#members.map(({ location }) => location.split('/'));
    this.#nearness = parts.map((one) => parts.map((other) => nearness(one, other)));
    this.#costs = now.map(({ cost = 1 }) => cost);
    const unequal = this.#costs.some((cost) => cost !== this.#costs[0]);
    this.#margin = unequal ? 2 * this.#costs.reduce((sum, cost) => sum + cost, 0) : 0;
    this.#weights = this.#members.reduce((sum, { weight }) => sum + weight, 0);
    this.#leading = this.#members.map(() => 0);
    this.#following = this.#members.map(() => 0);
    this.#leaders = now.map(({ leader }, partition) => {
      const number = numbers.get(leader) ?? -1;
      if (number < 0 || !this.#mayLead(partition, number)) return -1;
      this.#leading[number]! += this.#costs[partition]!;
      return number;
    });
    this.#standbys = now.map((place, partition) =>
      [...new Set(place.standbys)]
        .map((id) => numbers.get(id) ?? -1)
        .filter((number) => number >= 0 && number !== this.#leaders[partition]),
    );
  }

  run(): readonly Place[] {
    if (this.#members.length === 0) return this.#now.map(() => ({ leader: '', standbys: [] }));
    for (const [partition, leader] of this.#leaders.entries()) if (leader < 0) this.#fillLeader(partition);
    while (this.#moveLeader());
    for (const standbys of this.#standbys) for (const number of standbys) this.#following[number]!++;
    for (const partition of this.#standbys.keys()) this.#fitStandbys(partition);
    while (this.#moveStandbys());
    return this.#leaders.map((leader, partition) => ({
      leader: this.#members[leader]!.id,
      standbys: this.#standbys[partition]!.map((number) => this.#members[number]!.id),
    }));
  }

  /** A pin that no member fulfils binds nobody. */
  #mayLead(partition: number, number: number): boolean {
    const { pinned } = this.#now[partition]!;
    return isWithin(this.#members[number]!, pinned) || !this.#members.some((member) => isWithin(member, pinned));
  }

  #score(partition: number, number: number): number {
    const key = partition * this.#members.length + number;
    let score = this.#scores.get(key);
    if (score === undefined) {
      const { id, weight } = this.#members[number]!;
      score = scoreOf(partition, id, weight);
      this.#scores.set(key, score);
    }
    return score;
  }

  /** The least loaded one; of several, one that has a copy; of several, the one with the highest score. */
  #fillLeader(partition: number): void {
    const standbys = this.#standbys[partition]!;
    let best = -1;
    for (let number = 0; number < this.#members.length; number++) {
      if (!this.#mayLead(partition, number)) continue;
      if (best < 0 || this.#before(partition, number, best, this.#leading, standbys, this.#costs[partition]))
        best = number;
    }
    this.#leaders[partition] = best;
    this.#leading[best]! += this.#costs[partition]!;
    this.#standbys[partition] = standbys.filter((number) => number !== best);
  }

  /** One member suits better than another to be given one more. */
  #before(
    partition: number,
    one: number,
    other: number,
    loads: readonly number[],
    preferred: readonly number[],
    cost = 1,
  ): boolean {
    const ours = (2 * loads[one]! + cost) * this.#members[other]!.weight;
    const theirs = (2 * loads[other]! + cost) * this.#members[one]!.weight;
    if (ours !== theirs) return ours < theirs;
    const [weHave, theyHave] = [preferred.includes(one), preferred.includes(other)];
    if (weHave !== theyHave) return weHave;
    return this.#score(partition, one) > this.#score(partition, other);
  }

  /** Moves one partition's leader from a member that leads too many to one that leads too few; false: there is none to move. */
  #moveLeader(): boolean {
    const numbers = [...this.#members.keys()];
    const heavy = numbers.toSorted((a, b) => this.#byLoad(b, a));
    const light = heavy.toReversed();
    for (const from of heavy)
      for (const to of light) {
        const partition = this.#leaderToMove(from, to);
        if (partition === undefined) continue;
        this.#leaders[partition] = to;
        this.#leading[from]! -= this.#costs[partition]!;
        this.#leading[to]! += this.#costs[partition]!;
        // Where both have a copy they change places.
        this.#standbys[partition] = this.#standbys[partition]!.map((number) => (number === to ? from : number));
        return true;
      }
    return false;
  }

  #byLoad(a: number, b: number): number {
    const difference = this.#leading[a]! * this.#members[b]!.weight - this.#leading[b]! * this.#members[a]!.weight;
    return difference === 0 ? a - b : difference;
  }

  /** The one that brings most; of several, as it is easiest. */
  #leaderToMove(from: number, to: number): number | undefined {
    let best: number | undefined;
    let most = 0;
    for (const [partition, leader] of this.#leaders.entries()) {
      if (leader !== from || this.#now[partition]!.throttled || !this.#mayLead(partition, to)) continue;
      const gain = this.#gain(this.#costs[partition]!, from, to);
      if (gain <= 0 || gain < most) continue;
      if (best === undefined || gain > most || this.#ratherMoved(partition, best, to)) best = partition;
      most = gain;
    }
    return best;
  }

  /** By how much a move makes the sum of all loads squared over weights smaller; 0: it does not, or not enough. */
  #gain(cost: number, from: number, to: number): number {
    const [weight, otherWeight] = [this.#members[to]!.weight, this.#members[from]!.weight];
    const after = (2 * this.#leading[to]! + cost) * otherWeight;
    const before = (2 * this.#leading[from]! - cost) * weight;
    const needed = this.#margin * weight * otherWeight;
    return (before - after) * worthwhilePart * this.#weights > needed ? (before - after) * cost : 0;
  }

  #ratherMoved(one: number, other: number, to: number): boolean {
    const [warm, otherWarm] = [this.#standbys[one]!.includes(to), this.#standbys[other]!.includes(to)];
    if (warm !== otherWarm) return warm;
    return this.#score(one, to) > this.#score(other, to);
  }

  /** As many standbys as there are to be. */
  #fitStandbys(partition: number): void {
    const standbys = this.#standbys[partition]!;
    while (standbys.length > this.#standbyCount) {
      let worst = 0;
      for (let at = 1; at < standbys.length; at++)
        if (this.#standbyBefore(partition, standbys[worst]!, standbys[at]!)) worst = at;
      this.#following[standbys[worst]!]!--;
      standbys.splice(worst, 1);
    }
    while (standbys.length < this.#standbyCount) {
      let best = -1;
      for (let number = 0; number < this.#members.length; number++) {
        if (number === this.#leaders[partition] || standbys.includes(number)) continue;
        if (best < 0 || this.#standbyBefore(partition, number, best)) best = number;
      }
      standbys.push(best);
      this.#following[best]!++;
    }
  }

  #standbyBefore(partition: number, one: number, other: number): boolean {
    const [ours, theirs] = [this.#near(partition, one, -1), this.#near(partition, other, -1)];
    return ours === theirs ? this.#before(partition, one, other, this.#following, []) : ours < theirs;
  }

  /** How near a member is to the partition's other replicas, `without` left out. */
  #near(partition: number, number: number, without: number): number {
    const row = this.#nearness[number]!;
    let sum = number === this.#leaders[partition] ? 0 : row[this.#leaders[partition]!]!;
    for (const other of this.#standbys[partition]!) if (other !== number && other !== without) sum += row[other]!;
    return sum;
  }

  /** One pass over all standbys, moving those that could lie farther off or lighter; false: none could. */
  #moveStandbys(): boolean {
    let moved = false;
    for (const [partition, standbys] of this.#standbys.entries()) {
      if (this.#now[partition]!.throttled) continue;
      for (const [at, from] of standbys.entries()) {
        let best = from;
        for (let to = 0; to < this.#members.length; to++)
          if (
            to !== this.#leaders[partition] &&
            !standbys.includes(to) &&
            this.#betterStandby(partition, from, to, best)
          )
            best = to;
        if (best === from) continue;
        standbys[at] = best;
        this.#following[from]!--;
        this.#following[best]!++;
        moved = true;
      }
    }
    return moved;
  }

  /** `to` in place of `from` is better than `best` in its place. */
  #betterStandby(partition: number, from: number, to: number, best: number): boolean {
    const [near, nearest] = [this.#near(partition, to, from), this.#near(partition, best, from)];
    if (near !== nearest) return near < nearest;
    if (best !== from) return this.#before(partition, to, best, this.#following, []);
    const [weight, otherWeight] = [this.#members[to]!.weight, this.#members[from]!.weight];
    return lighter(this.#following[to]!, weight, this.#following[from]!, otherWeight);
  }
}

/** 0 in different regions; one shared deeper place weighs more than two shared higher ones. */
const nearness = (one: readonly string[], other: readonly string[]): number => {
  let shared = 0;
  while (shared < one.length && shared < other.length && one[shared] === other[shared]) shared++;
  return (1 << (2 * shared)) - 1;
};
