import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWithin } from '../app/place.ts';
import { type Place, type PlacedMember, type PlaceNow, placePartitions } from './placement.ts';

const members = fc
  .array(
    fc.record({
      weight: fc.integer({ min: 1, max: 5 }),
      location: fc.constantFrom('eu/zone-1', 'eu/zone-2', 'eu/zone-3', 'us/zone-1', ''),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((list): PlacedMember[] => list.map((own, index) => ({ ...own, id: `n${index}` })));
const partitionCount = fc.integer({ min: 1, max: 40 });
const standbyCount = fc.integer({ min: 0, max: 3 });

const free = (place: Place): PlaceNow => ({ ...place, pinned: '', throttled: false });
const nowhere = (count: number): PlaceNow[] => Array.from({ length: count }, () => free({ leader: '', standbys: [] }));
const place = (from: readonly PlacedMember[], now: readonly PlaceNow[], standbys: number): readonly Place[] =>
  placePartitions(from, now, standbys);
const led = (places: readonly Place[], id: string): number => places.filter(({ leader }) => leader === id).length;
const moved = (before: readonly Place[], after: readonly Place[]): number =>
  after.filter(({ leader }, partition) => leader !== before[partition]?.leader).length;

describe('whatever the members', () => {
  test('each partition has one leader and as many standbys as there can be, all of them different members', () => {
    fc.assert(
      fc.property(members, partitionCount, standbyCount, (own, count, standbys) => {
        for (const { leader, standbys: copies } of place(own, nowhere(count), standbys)) {
          const all = [leader, ...copies];
          expect(new Set(all).size).toBe(Math.min(standbys, own.length - 1) + 1);
          for (const id of all) expect(own.map((member) => member.id)).toContain(id);
        }
      }),
    );
  });

  test('nobody leads more than its share by weight and one (B1)', () => {
    fc.assert(
      fc.property(members, partitionCount, (own, count) => {
        const total = own.reduce((sum, { weight }) => sum + weight, 0);
        const places = place(own, nowhere(count), 1);
        for (const { id, weight } of own)
          expect(led(places, id)).toBeLessThanOrEqual(Math.ceil((count * weight) / total) + 1);
      }),
    );
  });

  test('with equal weights, numbers of leaders differ by one at most, and of standbys in one zone likewise', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), partitionCount, (count, partitions) => {
        const own = Array.from({ length: count }, (_, index) => ({
          id: `n${index}`,
          weight: 2,
          location: 'eu/zone-1',
        }));
        const places = place(own, nowhere(partitions), 1);
        const leading = own.map(({ id }) => led(places, id));
        expect(Math.max(...leading) - Math.min(...leading)).toBeLessThanOrEqual(1);
        const following = own.map(({ id }) => places.filter(({ standbys }) => standbys.includes(id)).length);
        expect(Math.max(...following) - Math.min(...following)).toBeLessThanOrEqual(2);
      }),
    );
  });

  test('replicas lie in different zones and regions where there are any (B2)', () => {
    fc.assert(
      fc.property(members, partitionCount, (own, count) => {
        const region = (id: string): string => own.find((member) => member.id === id)?.location.split('/')[0] ?? '';
        for (const { leader, standbys } of place(own, nowhere(count), 1))
          if (own.some(({ id }) => region(id) !== region(leader)))
            expect(region(standbys[0]!)).not.toBe(region(leader));
      }),
    );
  });

  test('replicas use as many zones as there are, and as many regions, whatever they lay in before (B2)', () => {
    const zones = fc.constantFrom('eu/zone-1', 'eu/zone-2', 'eu/zone-3', 'us/zone-1', 'us/zone-2', 'asia/zone-1');
    const located = fc
      .array(zones, { minLength: 1, maxLength: 12 })
      .map((list): PlacedMember[] => list.map((location, index) => ({ id: `n${index}`, weight: 1, location })));
    const before = fc.array(
      fc.tuple(fc.nat(12), fc.array(fc.nat(12), { maxLength: 4 })).map(
        ([leader, standbys]): Place => ({
          leader: `n${leader}`,
          standbys: standbys.map((number) => `n${number}`),
        }),
      ),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(located, before, standbyCount, (own, now, standbys) => {
        const placeOf = (id: string): string => own.find((member) => member.id === id)?.location ?? '';
        const regionOf = (id: string): string => placeOf(id).split('/')[0] ?? '';
        const ids = own.map(({ id }) => id);
        for (const { leader, standbys: copies } of place(own, now.map(free), standbys))
          for (const whereOf of [placeOf, regionOf]) {
            const [used, there] = [[leader, ...copies], ids].map((some) => new Set(some.map(whereOf)).size);
            expect(used).toBe(Math.min(copies.length + 1, there!));
          }
      }),
    );
  });

  test('what was placed is left as it is, in whatever order members are given (determinism)', () => {
    fc.assert(
      fc.property(members, partitionCount, standbyCount, (own, count, standbys) => {
        const places = place(own, nowhere(count), standbys);
        expect(place(own, places.map(free), standbys)).toEqual(places);
        expect(place([...own].reverse(), nowhere(count), standbys)).toEqual(places);
      }),
    );
  });
});

describe('leaders move no more than they must', () => {
  const equal = (count: number): PlacedMember[] =>
    Array.from({ length: count }, (_, index) => ({ id: `n${index}`, weight: 1, location: `eu/zone-${index % 3}` }));

  test('a member that joins gets its share, and nothing else moves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), partitionCount, (count, partitions) => {
        const before = place(equal(count), nowhere(partitions), 1);
        const after = place(equal(count + 1), before.map(free), 1);
        expect(moved(before, after)).toBe(led(after, `n${count}`));
        expect(led(after, `n${count}`)).toBeGreaterThanOrEqual(Math.floor(partitions / (count + 1)));
      }),
    );
  });

  test('a member that leaves gives away what it led, and nothing else moves; it keeps nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), partitionCount, (count, partitions) => {
        const before = place(equal(count), nowhere(partitions), 1);
        const after = place(equal(count - 1), before.map(free), 1);
        expect(moved(before, after)).toBe(led(before, `n${count - 1}`));
        for (const { leader, standbys } of after) expect([leader, ...standbys]).not.toContain(`n${count - 1}`);
      }),
    );
  });

  test('a leader that moves goes to a member that has a copy, where the balance allows it', () => {
    const own = equal(2);
    const now = [0, 1, 2, 3].map(() => free({ leader: 'n0', standbys: ['n1'] }));
    const after = place(own, now, 1);
    expect(moved(now, after)).toBe(2);
    for (const { leader, standbys } of after) expect(standbys).toEqual([leader === 'n0' ? 'n1' : 'n0']);
  });
});

describe('partitions that do not cost the same', () => {
  const costs = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 40 });
  const costing = (places: readonly Place[], own: readonly number[]): PlaceNow[] =>
    places.map((one, partition) => ({ ...free(one), cost: own[partition] ?? 1 }));
  const sums = (own: readonly PlacedMember[], places: readonly Place[], each: readonly number[]): number[] =>
    own.map(({ id }) =>
      places.reduce((sum, { leader }, partition) => sum + (leader === id ? (each[partition] ?? 1) : 0), 0),
    );
  const equal = (count: number): PlacedMember[] =>
    Array.from({ length: count }, (_, index) => ({ id: `n${index}`, weight: 1, location: '' }));

  test('are led so that no move of one of them would make loads more equal by much (B1), and stay so', () => {
    fc.assert(
      fc.property(members, costs, costs, (own, before, each) => {
        const first = place(own, costing(nowhere(each.length), before), 1);
        const places = place(own, costing(first, each), 1);
        expect(place(own, costing(places, each), 1)).toEqual(places);
        const loads = sums(own, places, each);
        const total = each.reduce((sum, cost) => sum + cost, 0);
        const weights = own.reduce((sum, { weight }) => sum + weight, 0);
        const unequal = each.some((cost) => cost !== each[0]);
        const needed = unequal ? (2 * total) / (5 * weights) : 0;
        for (const [partition, { leader }] of places.entries()) {
          const from = own.findIndex(({ id }) => id === leader);
          for (const [to, member] of own.entries()) {
            if (to === from) continue;
            const cost = each[partition]!;
            const gain = (2 * loads[from]! - cost) / own[from]!.weight - (2 * loads[to]! + cost) / member.weight;
            expect(gain).toBeLessThanOrEqual(needed + 1e-9);
          }
        }
      }),
    );
  });

  test('one that makes most of the work is led alone', () => {
    const each = Array.from({ length: 12 }, (_, partition) => (partition === 5 ? 40 : 1));
    const before = place(equal(3), nowhere(12), 1);
    const after = place(equal(3), costing(before, each), 1);
    expect(led(after, after[5]!.leader)).toBe(1);
    expect(after[5]!.leader).toBe(before[5]!.leader);
  });

  test('what differs by little moves nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 6 }), costs, (count, share, noise) => {
        const partitions = count * share;
        const before = place(equal(count), nowhere(partitions), 1);
        const each = Array.from({ length: partitions }, (_, at) => 8 + ((noise[at % noise.length] ?? 0) % 3) - 1);
        expect(moved(before, place(equal(count), costing(before, each), 1))).toBe(0);
      }),
    );
  });
});

describe('pins', () => {
  test('a pinned partition is led within its place, whatever the loads; where nobody is, anywhere', () => {
    fc.assert(
      fc.property(
        members,
        partitionCount,
        fc.constantFrom('eu', 'eu/zone-2', 'us', 'mars', 'eu/zone-1/n0'),
        (own, count, pinned) => {
          const now = nowhere(count).map((one, partition) => (partition % 2 === 0 ? { ...one, pinned } : one));
          const somebody = own.some((member) => isWithin(member, pinned));
          for (const [partition, { leader }] of place(own, now, 1).entries())
            if (partition % 2 === 0 && somebody)
              expect(isWithin(own.find(({ id }) => id === leader)!, pinned)).toBe(true);
            else expect(leader).not.toBe('');
        },
      ),
    );
  });

  test('a place is no prefix of a word', () => {
    expect(isWithin({ id: 'n1', location: 'eu/zone-10' }, 'eu/zone-1')).toBe(false);
    expect(isWithin({ id: 'n1', location: 'eu/zone-1' }, 'eu/zone-1')).toBe(true);
    expect(isWithin({ id: 'n10', location: 'eu/zone-1' }, 'eu/zone-1/n1')).toBe(false);
    expect(isWithin({ id: 'n1', location: '' }, 'n1')).toBe(true);
    expect(isWithin({ id: 'n1', location: 'eu' }, 'n1')).toBe(true);
  });

  test('a throttled partition stays where it is while its leader is there', () => {
    const own = [0, 1].map((index) => ({ id: `n${index}`, weight: 1, location: '' }));
    const now = [0, 1].map(() => ({ leader: 'n0', standbys: ['n1'], pinned: '', throttled: true }));
    expect(place(own, now, 1)).toEqual(now.map(({ leader, standbys }) => ({ leader, standbys })));
    expect(place(own.slice(1), now, 1).map(({ leader }) => leader)).toEqual(['n1', 'n1']);
  });
});

test('placement is fixed: whoever changes it moves partitions of every cluster', () => {
  const own = [0, 1, 2, 3, 4].map((index) => ({
    id: `n${index}`,
    weight: 1 + (index % 2),
    location: `eu/z${index % 3}`,
  }));
  expect(place(own, nowhere(6), 1)).toMatchInlineSnapshot(`
    [
      {
        "leader": "n1",
        "standbys": [
          "n3",
        ],
      },
      {
        "leader": "n3",
        "standbys": [
          "n1",
        ],
      },
      {
        "leader": "n2",
        "standbys": [
          "n0",
        ],
      },
      {
        "leader": "n4",
        "standbys": [
          "n2",
        ],
      },
      {
        "leader": "n0",
        "standbys": [
          "n4",
        ],
      },
      {
        "leader": "n3",
        "standbys": [
          "n1",
        ],
      },
    ]
  `);
});
