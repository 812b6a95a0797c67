/** How options are checked, and refused. */
import { TuttiError } from '../errors/tutti-error.ts';

/** A whole number from 1, undefined where none is given. Throws `OPTION_INVALID`. */
export const count = (value: unknown, name: string, most: number): number | undefined => {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most)
    throw invalidOption(name, value, `it is a whole number from 1 to ${most}`);
  return value;
};

export const invalidOption = (name: string, value: unknown, remedy: string): TuttiError =>
  new TuttiError(
    'OPTION_INVALID',
    `The option ${name}${value === undefined ? '' : ` cannot be ${shown(value)}`}: ${remedy}.`,
    { details: { option: name } },
  );

const shown = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value;
  }
};
