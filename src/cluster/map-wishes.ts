/** What a person wants of where partitions are led: kept by the node that was asked until the map says so. */
import type { Assignment, ClusterMap } from './cluster-map.ts';

/** What is left out stays as it is. */
export type PlacementWish = { readonly partition: number; readonly pinned?: string; readonly throttled?: boolean };

export const isFulfilled = (map: ClusterMap | undefined, { partition, pinned, throttled }: PlacementWish): boolean => {
  const own = map?.partitions[partition];
  if (own === undefined) return false;
  return (pinned ?? own.pinned) === own.pinned && (throttled ?? own.throttled) === own.throttled;
};

const fulfilled = (own: Assignment, { pinned, throttled }: PlacementWish): Assignment => ({
  ...own,
  version: own.version + 1,
  pinned: pinned ?? own.pinned,
  throttled: throttled ?? own.throttled,
});

export class MapWishes {
  #open: readonly PlacementWish[] = [];

  add(wish: PlacementWish): void {
    this.#open = [...this.#open, wish];
  }

  /** Forgets what this map, which was read, has. */
  follow(map: ClusterMap): void {
    this.#open = this.#open.filter((wish) => !isFulfilled(map, wish));
  }

  /** The map as it is wanted; the same object where it is so. */
  withWishes(map: ClusterMap): ClusterMap {
    let next = map;
    for (const wish of this.#open)
      if (!isFulfilled(next, wish))
        next = {
          ...next,
          partitions: next.partitions.map((own, partition) =>
            partition === wish.partition ? fulfilled(own, wish) : own,
          ),
        };
    return next;
  }
}
