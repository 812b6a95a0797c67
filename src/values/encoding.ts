/**
 * One walk from a value to its JSON form: the tree that JSON.stringify then writes. The walk copies what it goes through
 * (a spread and a slice are cheap, and every getter is read once) and replaces only what JSON does not have.
 */

import { TuttiError } from '../errors/tutti-error.ts';
import * as valueLimits from '../value-limits.ts';
import type { EncodingWalk } from './kind.ts';
import { kindOf } from './kinds.ts';
import { formatPath, type PathStep } from './value-path.ts';

/** The state of one walk: where it is, and how much it has seen. */
export class Encoding implements EncodingWalk {
  readonly what: string;
  readonly #root: unknown;
  /** `path[d]` is the step from depth d to depth d + 1. */
  readonly #path: PathStep[] = [];
  readonly errorsOpen: Error[] = [];
  errorsLeft = 0;
  /** A lower bound of what may still be written; so that a small web of shared objects cannot grow without bound. */
  charsLeft: number = valueLimits.valueTextCharsMax;
  /** How deep the walk stands, so that a failure knows its path. */
  #depth = 0;

  constructor(what: string, root: unknown) {
    this.what = what;
    this.#root = root;
  }

  /** The JSON form of `value`, which stands at `depth`. */
  form(value: unknown, depth: number): unknown {
    this.#depth = depth;
    this.charsLeft -= 2;
    switch (typeof value) {
      case 'string':
        this.charsLeft -= value.length;
        if (this.charsLeft < 0) throw this.tooLarge();
        return value;
      case 'boolean':
        return value;
      case 'number':
        return formOfNumber(value);
      case 'undefined':
        return { $undefined: true };
      case 'bigint':
        return { $bigint: value.toString() };
      case 'object':
        return value === null ? null : this.#formOfObject(value, depth);
      default:
        throw this.unsupported(typeof value === 'function' ? `a function${nameOf(value)}` : 'a symbol');
    }
  }

  #formOfObject(value: object, depth: number): unknown {
    if (depth > valueLimits.valueDepthMax) throw this.#tooDeep();
    if (this.charsLeft < 0) throw this.tooLarge();
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null)
      return this.#formOfRecord(value as Record<string, unknown>, depth);
    if (prototype === Array.prototype) return this.#formOfArray(value as unknown[], depth);
    const kind = kindOf(value);
    if (kind === 'record') return this.#formOfRecord(value as Record<string, unknown>, depth);
    if (kind === 'array') return this.#formOfArray(value as unknown[], depth);
    if (kind === undefined) throw this.unsupported(describeInstance(value));
    return { [kind.tag]: kind.encode(value as never, this, depth) };
  }

  /** The form of the user's own object: itself, or wrapped where it looks like one of ours. */
  #formOfRecord(record: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
    // A spread makes own properties, also one called `__proto__`, so that setting it below does not touch the prototype.
    const copy = { ...record };
    const keys = Object.keys(copy);
    for (const key of keys) {
      const value = copy[key];
      this.charsLeft -= key.length;
      this.#path[depth] = key;
      const form = this.form(value, depth + 1);
      if (form !== value) copy[key] = form;
    }
    const only = keys.length === 1 ? keys[0] : undefined;
    return only?.startsWith('$') ? { $object: copy } : copy;
  }

  #formOfArray(array: readonly unknown[], depth: number): unknown[] {
    if (array.length > this.charsLeft) throw this.tooLarge();
    const copy = Array.prototype.slice.call(array) as unknown[];
    for (let index = 0; index < copy.length; index++) {
      const value = copy[index];
      this.#path[depth] = index;
      if (value === undefined && !(index in copy)) {
        this.#depth = depth + 1;
        throw this.unsupported('a hole in an array');
      }
      const form = this.form(value, depth + 1);
      if (form !== value) copy[index] = form;
    }
    return copy;
  }

  /** The form of a part of a kind, at the step `piece` below `depth`. */
  formOfPart(value: unknown, piece: string, depth: number): unknown {
    this.#path[depth] = { piece };
    return this.form(value, depth + 1);
  }

  unsupported(found: string): TuttiError {
    const path = this.#pathHere();
    return new TuttiError('VALUE_UNSUPPORTED', `${path} is ${found}, which cannot be stored or sent`, {
      details: { path },
    });
  }

  unreadable(cause: unknown): TuttiError {
    const path = this.#pathHere();
    return new TuttiError('VALUE_UNSUPPORTED', `${path} could not be read`, { details: { path }, cause });
  }

  tooLarge(): TuttiError {
    return tooLargeError(this.what);
  }

  #tooDeep(): TuttiError {
    return this.#cycle() ?? this.unsupported(`nested more than ${valueLimits.valueDepthMax} levels deep`);
  }

  /** Goes the path again to see whether it comes through the same object twice (not through Maps, Sets and Errors). */
  #cycle(): TuttiError | undefined {
    const depthOf = new Map<unknown, number>();
    let value = this.#root;
    for (let depth = 0; depth < this.#depth; depth++) {
      const earlier = depthOf.get(value);
      if (earlier !== undefined) {
        this.#depth = depth;
        return this.unsupported(`the same object as ${formatPath(this.what, this.#path.slice(0, earlier))} (a cycle)`);
      }
      depthOf.set(value, depth);
      const step = this.#path[depth];
      if (typeof step === 'object' || step === undefined) return undefined;
      value = Reflect.get(value as object, step);
    }
    return undefined;
  }

  #pathHere(): string {
    return formatPath(this.what, this.#path.slice(0, this.#depth));
  }
}

export const tooLargeError = (what: string): TuttiError =>
  new TuttiError('VALUE_TOO_LARGE', `${what} is larger than ${valueLimits.valueTextCharsMax} characters of JSON`, {
    details: { charsMax: valueLimits.valueTextCharsMax },
  });

const formOfNumber = (value: number): unknown => {
  if (value !== 0) return value - value === 0 ? value : { $number: String(value) };
  return Object.is(value, -0) ? { $number: '-0' } : value;
};

const nameOf = (named: { readonly name?: unknown }): string =>
  typeof named.name === 'string' && named.name !== '' ? ` (${named.name})` : '';

const describeInstance = (value: object): string => {
  const maker: unknown = Reflect.get(value, 'constructor');
  if (typeof maker !== 'function' || maker.name === '') return 'an object with a prototype of its own';
  return `an instance of ${maker.name}`;
};
