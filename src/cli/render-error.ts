/** Errors as people read them: what, where in the user's code, and why. Pure. */
import { isTuttiError } from '../errors/tutti-error.ts';
import { encodeValue } from '../values/codec.ts';
import { fitted, oneLine } from './display-width.ts';
import { stackLines } from './stack-lines.ts';
import type { Style } from './style.ts';

export type ErrorRendering = {
  readonly style: Style;
  readonly cwd: string;
  /** With our own frames, and the causes of our own errors. */
  readonly debug: boolean;
};

const framesMax = 12;
const causesMax = 8;
const aggregatedMax = 5;
const detailsCharsMax = 300;

/** Lines without a line break at their ends. */
export const renderError = (error: unknown, how: ErrorRendering): readonly string[] => {
  const { style } = how;
  if (!isTuttiError(error)) {
    const lines = [`${style.bad('error:')} ${headOf(error)}`, ...framesOf(error, how), ...causesOf(error, how)];
    return how.debug
      ? lines
      : [...lines, 'This should not happen. Run again with --log-level debug to see where it does.'];
  }
  const lines = [`${style.bad(`error ${error.code}:`)} ${error.message}`];
  if (error.outcome === 'failed') lines.push(...framesOf(error, how), ...causesOf(error, how));
  else if (how.debug || error.outcome === 'invariant')
    lines.push(...framesOf(error, { ...how, debug: true }), ...causesOf(error, how));
  if (error.outcome === 'invariant') lines.push('This is a bug in Tutti. Please report it with these lines.');
  return lines;
};

const headOf = (error: unknown): string => {
  if (!isErrorLike(error)) return `something that is no Error was thrown: ${valueText(error)}`;
  return isTuttiError(error) ? `${error.code}: ${error.message}` : `${error.name}: ${error.message}`;
};

const isErrorLike = (error: unknown): error is Error =>
  typeof error === 'object' && error !== null && typeof Reflect.get(error, 'message') === 'string';

const framesOf = (error: unknown, how: ErrorRendering): readonly string[] => {
  if (!isErrorLike(error) || typeof error.stack !== 'string') return [];
  const frames = stackLines(error.stack, how.cwd, how.debug);
  const shown = frames.slice(0, framesMax).map((line) => how.style.dim(`    ${line}`));
  return frames.length > framesMax ? [...shown, `    and ${frames.length - framesMax} more`] : shown;
};

const detailsOf = (error: unknown): readonly string[] => {
  if (!isErrorLike(error)) return [];
  const details: unknown = Reflect.get(error, 'details');
  if (typeof details !== 'object' || details === null || Object.keys(details).length === 0) return [];
  return [`    details: ${valueText(details)}`];
};

const causesOf = (error: unknown, how: ErrorRendering): readonly string[] => {
  const lines: string[] = [];
  let above = isErrorLike(error) ? error.message : '';
  let cause = causeOf(error);
  for (let depth = 0; cause !== undefined && depth < causesMax; depth++) {
    // The first cause of a failed task is what its code threw: that is no further reason, it is the thing itself.
    const repeats = depth === 0 && isErrorLike(cause) && above.endsWith(cause.message);
    lines.push(`  ${repeats ? '' : 'caused by '}${headOf(cause)}`, ...framesOf(cause, how), ...detailsOf(cause));
    lines.push(...aggregatedIn(cause));
    above = isErrorLike(cause) ? cause.message : '';
    cause = causeOf(cause);
  }
  return lines;
};

const causeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null ? Reflect.get(error, 'cause') : undefined;

const aggregatedIn = (error: unknown): readonly string[] => {
  const errors: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'errors') : undefined;
  if (!Array.isArray(errors)) return [];
  const lines = errors.slice(0, aggregatedMax).map((each, index) => `    ${index + 1}. ${headOf(each)}`);
  return errors.length > aggregatedMax ? [...lines, `    and ${errors.length - aggregatedMax} more`] : lines;
};

const valueText = (value: unknown): string => {
  try {
    return fitted(oneLine(encodeValue(value)), detailsCharsMax);
  } catch {
    return typeof value;
  }
};
