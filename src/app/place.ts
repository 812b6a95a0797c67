/** Places of nodes, the largest first: `eu/zone-1`. */

const pattern = /^[A-Za-z0-9_.-]{1,64}(\/[A-Za-z0-9_.-]{1,64}){0,4}$/;

export const isPlace = (value: unknown): value is string => typeof value === 'string' && pattern.test(value);

/** A place is within another one: `eu/zone-1` within `eu`. A node is the smallest place there is; its name alone names it, too. */
export const isWithin = (
  { id, location }: { readonly id: string; readonly location: string },
  place: string,
): boolean => place === '' || place === id || `${location}/${id}/`.startsWith(`${place}/`);
