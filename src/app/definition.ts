/**
 * What all definitions have in common: a brand, by which two copies of the package know each other's, and names.
 */

import * as valueLimits from '../value-limits.ts';

/** Its value on a definition is the definition's kind. */
export const definitionBrand: unique symbol = Symbol.for('tutti.definition') as never;

export type DefinitionKind = 'task';

/** The kind of a definition; undefined for anything else. */
export const definitionKindOf = (value: unknown): DefinitionKind | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  return Reflect.get(value, definitionBrand) === 'task' ? 'task' : undefined;
};

/** What is wrong with a name; undefined if nothing is. */
export const nameComplaint = (name: string): string | undefined => {
  if (name === '') return 'is empty';
  if (name.length > valueLimits.nameCharsMax)
    return `has ${name.length} characters; ${valueLimits.nameCharsMax} are allowed`;
  if (!/^[\w.-]+$/.test(name)) return 'has characters other than A–Z a–z 0–9 _ . -';
  return undefined;
};
