/**
 * Where in a value something is wrong, as a user would write it: `input.items[3].callback`.
 */

/** An object's key, an array's index, or a ready-made piece (of a Map, Set or Error) that begins with a dot. */
export type PathStep = string | number | { readonly piece: string };

const identifier = /^[A-Za-z_$][\w$]*$/;
const stepsShown = 20;

/** The path below `root`; the middle of a very long one is left out. */
export const formatPath = (root: string, steps: readonly PathStep[]): string => {
  if (steps.length <= 2 * stepsShown) return root + steps.map(formatStep).join('');
  const head = steps.slice(0, stepsShown).map(formatStep).join('');
  const tail = steps.slice(-stepsShown).map(formatStep).join('');
  return `${root}${head} … ${tail}`;
};

const formatStep = (step: PathStep): string => {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'object') return step.piece;
  return identifier.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
};
