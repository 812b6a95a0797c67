/** What is wrong with an input, by the path of the part: as `INPUT_INVALID` tells it (`input.items[2].id`). Pure. */

export type Issue = { readonly path: string; readonly message: string };

export const rootPath = 'input';

/** The path of a part, as `src/values/value-path.ts` writes it. */
export const pathOf = (path: string, step: string | number): string => {
  if (typeof step === 'number') return `${path}[${step}]`;
  return /^[A-Za-z_$][\w$]*$/.test(step) ? `${path}.${step}` : `${path}[${JSON.stringify(step)}]`;
};

/** The issues that an error tells; undefined where it is about something else. */
export const issuesOf = (error: unknown): readonly Issue[] | undefined => {
  if (typeof error !== 'object' || error === null) return undefined;
  if (Reflect.get(error, 'code') !== 'INPUT_INVALID') return undefined;
  const details: unknown = Reflect.get(error, 'details');
  const issues: unknown = typeof details === 'object' && details !== null ? Reflect.get(details, 'issues') : undefined;
  if (!Array.isArray(issues)) return undefined;
  return issues.filter(
    (issue): issue is Issue => typeof issue?.path === 'string' && typeof issue?.message === 'string',
  );
};

export const at = (issues: readonly Issue[], path: string): readonly string[] =>
  issues.filter((issue) => issue.path === path).map(({ message }) => message);
