/** Places of nodes, the largest first: `eu/zone-1`. */

const pattern = /^[A-Za-z0-9_.-]{1,64}(\/[A-Za-z0-9_.-]{1,64}){0,4}$/;

export const isPlace = (value: unknown): value is string => typeof value === 'string' && pattern.test(value);

/** Whether a node at `location` (empty: nobody said where it is) is in `place`. */
export const isWithin = (location: string, place: string): boolean =>
  location === place || location.startsWith(`${place}/`);
