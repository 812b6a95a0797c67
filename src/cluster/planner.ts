/**
 * The next version of the cluster map, as one node sees it: who died, who is steady enough to be given something, who leads in
 * place of whom. Any node may propose it; the log of maps takes one and refuses the others, who read and think again.
 *
 * - R1: a partition whose leader is gone goes to a standby at once; everything else moves by plan.
 * - R2: a planned move gives the new leader a copy first, and names it only when it has caught up (a warm standby).
 * - R4: what partitions cost is changed seldom, while nothing moves, and only if they would lie better for it, or all cost the same
 *   again.
 * - R3: who is not `up` is given nothing, unless nobody is.
 */

import type { OwnHealth } from './cluster-event.ts';
import { type Assignment, type ClusterMap, type Member, withMember, withPlaces } from './cluster-map.ts';
import type { ClusterTimes } from './cluster-times.ts';
import { costsOf, withCosts } from './partition-costs.ts';
import type { Peers } from './peers.ts';
import { type Place, placePartitions } from './placement.ts';

/** What the proposer sees. */
export type View = {
  readonly self: string;
  readonly peers: Peers;
  /** What the proposer says of itself. */
  readonly health: OwnHealth;
  /** What partitions cost may be changed. */
  readonly costsDue: boolean;
  readonly nowMs: number;
  /** The member that leads a partition now, as far as is heard. */
  readonly leaderOf: (partition: number) => string | undefined;
  /** The member's copy of a partition has caught up with its leader. */
  readonly isWarm: (partition: number, member: string) => boolean;
};

/** How long one waits that fell out so often. */
export const quietMs = (deaths: number, { quietFirstMs, quietMaxMs }: ClusterTimes): number =>
  deaths === 0 ? 0 : Math.min(quietMaxMs, quietFirstMs * 2 ** Math.min(deaths - 1, 30));

/** The map as it should be next; the same object if it is as it should be. */
export const planNext = (map: ClusterMap, view: View, times: ClusterTimes): ClusterMap => {
  const members = withJudgedMembers(map, view, times);
  return withStepsOfPlan(members, view);
};

// --- Members

const withJudgedMembers = (map: ClusterMap, view: View, times: ClusterTimes): ClusterMap => {
  const { peers, nowMs, self } = view;
  const gone = new Set(peers.gone(map, nowMs));
  let next = map;
  for (const member of map.members) {
    const { id, state, deaths } = member;
    const steadyMs = peers.steadyMs(id, nowMs);
    const judgedByOthers =
      id === self && map.members.some((other) => other.id !== self && peers.isThere(other.id, nowMs));
    if (gone.has(id)) next = withMember(next, { ...member, state: 'dead', deaths: deaths + 1 });
    else if (state === 'joining' && !judgedByOthers && peers.isKnown(id, nowMs) && peers.isThere(id, nowMs)) {
      if (steadyMs >= quietMs(deaths, times)) next = withMember(next, { ...member, state: 'up' });
    } else if (state === 'up' && deaths > 0 && !judgedByOthers && steadyMs >= times.deathsForgivenMs)
      next = withMember(next, { ...member, deaths: 0 });
    else if ((state === 'left' || state === 'dead') && isForgotten(member, view, times)) next = withoutMember(next, id);
  }
  return next;
};

const isForgotten = ({ id, state }: Member, { peers, nowMs }: View, { deadKeptMs }: ClusterTimes): boolean =>
  state === 'left' ? !peers.isThere(id, nowMs) : peers.inStateMs(id, nowMs) >= deadKeptMs;

const withoutMember = (map: ClusterMap, id: string): ClusterMap => {
  const members = map.members.filter((member) => member.id !== id);
  const apps = Object.fromEntries(Object.entries(map.apps).filter(([app]) => members.some((own) => own.app === app)));
  return { ...map, members, apps };
};

/** Who may be given partitions (R3). */
const candidatesOf = (map: ClusterMap, { self, peers, health, nowMs }: View): readonly Member[] => {
  const healthy = ({ id }: Member): boolean =>
    id === self ? health.healthy : peers.heartbeatOf(id)?.healthy !== false;
  const up = map.members.filter(({ state }) => state === 'up');
  const known = [up.filter(healthy), up];
  for (const state of ['joining', 'draining'] as const) {
    const those = map.members.filter((member) => member.state === state);
    known.push(
      those.filter(({ id }) => peers.isThere(id, nowMs)),
      those,
    );
  }
  return known.find((those) => those.length > 0) ?? [];
};

// --- Partitions

const withStepsOfPlan = (map: ClusterMap, view: View): ClusterMap => {
  const candidates = candidatesOf(map, view);
  if (candidates.length === 0) return map;
  const { now, plan, place, isCandidate } = placedFor(map, candidates);
  const leads = now.map((_, partition) => view.leaderOf(partition));
  // Whoever is gone is in no place of the map first: otherwise what is due would keep it there.
  const isAtRest = now.every(
    (own, partition) => samePlace(map.partitions[partition]!, own) && rests(own, plan[partition]!, leads[partition]),
  );
  if (view.costsDue && isAtRest) {
    const costs = costsOf(loadsOf(map, view), now);
    const other = withCosts(map, costs);
    const leaders = place(other.partitions).map(({ leader }) => leader);
    const areEqualAgain = costs.every((cost) => cost === 1) && now.some(({ cost = 1 }) => cost !== 1);
    // R4
    if (areEqualAgain || leaders.some((leader, partition) => leader !== now[partition]!.leader)) return other;
  }
  let moving = now.filter((own, partition) => isMoving(own, plan[partition]!, leads[partition])).length;
  const places = now.map((own, partition): Place => {
    const goal = plan[partition]!;
    if (own.leader === '') return goal;
    const begins = !isMoving(own, goal, leads[partition]) && !samePlace(own, goal);
    // What must be is done whatever else is under way: a leader or standby that is to go, standbys that are missing.
    const must = !isCandidate.has(own.leader) || own.standbys.length < goal.standbys.length;
    if (begins && !must) {
      if (own.throttled || moving >= map.settings.movesMax) return own;
      moving++;
    }
    return stepTowards(own, goal, partition, isCandidate, view);
  });
  return withPlacesIfChanged(map, places);
};

type Placed = {
  /** All that it was made of beside the assignments. */
  readonly of: string;
  readonly isCandidate: ReadonlySet<string>;
  /** Where partitions are, without those that are gone. */
  readonly now: readonly Assignment[];
  readonly plan: readonly Place[];
  readonly place: (own: readonly Assignment[]) => readonly Place[];
};

/**
 * Each heartbeat of each node is a reason to look at the plan, and seldom one for another: the last one for a map's assignments is
 * kept, since among a hundred nodes it takes milliseconds.
 */
const lastPlaced = new WeakMap<ClusterMap['partitions'], Placed>();

const placedFor = (map: ClusterMap, candidates: readonly Member[]): Placed => {
  // One that comes back and waits is named nowhere.
  const there = map.members.flatMap(({ id, state }) => (state === 'up' || state === 'draining' ? [id] : []));
  const placing = candidates.map(({ id, weight, location }) => [id, weight, location]);
  const of = JSON.stringify([placing, there, map.settings.standbys]);
  const last = lastPlaced.get(map.partitions);
  if (last?.of === of) return last;
  const isCandidate = new Set(candidates.map(({ id }) => id));
  const isThere = new Set([...isCandidate, ...there]);
  const now = map.partitions.map((own) => withoutTheGone(own, isThere, isCandidate));
  const place = (own: readonly Assignment[]) => placePartitions(candidates, own, map.settings.standbys);
  const placed = { of, isCandidate, now, plan: place(now), place };
  lastPlaced.set(map.partitions, placed);
  return placed;
};

/** R1: without those that are gone; a standby takes the place of its leader. */
const withoutTheGone = (
  own: Assignment,
  isThere: ReadonlySet<string>,
  isCandidate: ReadonlySet<string>,
): Assignment => {
  const standbys = own.standbys.filter((id) => isThere.has(id));
  if (isThere.has(own.leader)) return { ...own, standbys };
  const successor = standbys.find((id) => isCandidate.has(id)) ?? standbys[0] ?? '';
  return { ...own, leader: successor, standbys: standbys.filter((id) => id !== successor) };
};

const samePlace = (one: Place, other: Place): boolean =>
  one.leader === other.leader &&
  one.standbys.length === other.standbys.length &&
  one.standbys.every((id) => other.standbys.includes(id));

const rests = (own: Place, goal: Place, leads: string | undefined): boolean =>
  samePlace(own, goal) && !isMoving(own, goal, leads);

/** As who leads each partition tells it. */
const loadsOf = (map: ClusterMap, { self, peers, health, leaderOf }: View): readonly (number | undefined)[] =>
  map.partitions.map((_, partition) => {
    const leader = leaderOf(partition);
    const told = leader === undefined ? undefined : leader === self ? health : peers.heartbeatOf(leader);
    return told?.loads?.find(([number]) => number === partition)?.[1];
  });

/** It has more copies than it is to keep, or another leader than the one named. */
const isMoving = (own: Place, goal: Place, leads: string | undefined): boolean =>
  own.standbys.length > goal.standbys.length || (leads !== undefined && leads !== own.leader);

/** One step of a planned move (R2). */
const stepTowards = (
  own: Assignment,
  goal: Place,
  partition: number,
  isCandidate: ReadonlySet<string>,
  { isWarm }: View,
): Place => {
  const wanted = [goal.leader, ...goal.standbys].filter((id) => id !== own.leader);
  const copies = [...own.standbys, ...wanted.filter((id) => !own.standbys.includes(id))];
  if (goal.leader === own.leader) {
    const ready = goal.standbys.every((id) => isWarm(partition, id));
    return { leader: own.leader, standbys: ready ? goal.standbys : copies };
  }
  if (!own.standbys.includes(goal.leader) || !isWarm(partition, goal.leader))
    return { leader: own.leader, standbys: copies };
  // The old leader keeps its copy until others have theirs.
  const kept = isCandidate.has(own.leader) ? [own.leader] : [];
  return { leader: goal.leader, standbys: [...kept, ...copies.filter((id) => id !== goal.leader)] };
};

const withPlacesIfChanged = (map: ClusterMap, places: readonly Place[]): ClusterMap => {
  const next = withPlaces(map, places);
  return next.partitions.every((own, partition) => own === map.partitions[partition]) ? map : next;
};
