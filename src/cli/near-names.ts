/** Which of the names that exist was probably meant. */

const suggestionsMax = 3;

/** The nearest of `names`, nearest first; none that is no likely slip of the keyboard. */
export const nearNames = (meant: string, names: readonly string[]): readonly string[] => {
  const most = Math.max(1, Math.floor(meant.length / 3));
  return names
    .map((name) => ({ name, distance: distanceOf(meant.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= most || (meant.length >= 3 && name.startsWith(meant)))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, suggestionsMax)
    .map(({ name }) => name);
};

/** How many characters must be put in, left out, changed or swapped with their neighbour. */
export const distanceOf = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min(line[column - 1]! + 1, last[column]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) least = Math.min(least, beforeLast[column - 2]! + 1);
      line.push(least);
    }
    beforeLast = last;
    last = line;
  }
  return last[b.length]!;
};

/** `Did you mean a, b or c?`, with a space before it; nothing where nothing is near. */
export const didYouMean = (meant: string, names: readonly string[]): string => {
  const near = nearNames(meant, names);
  if (near.length === 0) return '';
  const [last, ...others] = [...near].reverse();
  return ` Did you mean ${others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`}?`;
};
