/**
 * The way back from the JSON form. The parsed tree is ours alone, so it is changed in place.
 */

import { TuttiError } from '../errors/tutti-error.ts';
import * as valueLimits from '../value-limits.ts';
import { type DecodingWalk, notDecodable } from './kind.ts';
import { kindByTag } from './kinds.ts';
import { isRecord } from './own-property.ts';
import { formatPath, type PathStep } from './value-path.ts';

/** The state of one walk back. */
export class Decoding implements DecodingWalk {
  readonly what: string;
  readonly #path: PathStep[] = [];
  #depth = 0;

  constructor(what: string) {
    this.what = what;
  }

  /** The value whose JSON form is `form`, which stands at `depth`. */
  revive(form: unknown, depth: number): unknown {
    if (typeof form !== 'object' || form === null) return form;
    this.#depth = depth;
    if (depth > valueLimits.valueDepthMax)
      throw this.#malformed(`is nested more than ${valueLimits.valueDepthMax} levels deep`);
    if (Array.isArray(form)) return this.#reviveArray(form, depth);
    const record = form as Record<string, unknown>;
    const keys = Object.keys(record);
    const only = keys.length === 1 ? keys[0] : undefined;
    if (only?.startsWith('$')) return this.#reviveTagged(only, record[only], depth);
    return this.#reviveRecord(record, keys, depth);
  }

  #reviveArray(array: unknown[], depth: number): unknown[] {
    for (let index = 0; index < array.length; index++) {
      const form = array[index];
      if (typeof form !== 'object') continue;
      this.#path[depth] = index;
      array[index] = this.revive(form, depth + 1);
    }
    return array;
  }

  #reviveTagged(tag: string, payload: unknown, depth: number): unknown {
    if (tag === '$object') {
      if (!isRecord(payload)) throw this.#malformed('must hold an object under $object');
      return this.#reviveRecord(payload, Object.keys(payload), depth);
    }
    const kind = kindByTag.get(tag);
    if (kind === undefined) throw this.#malformed(`has the unknown tag ${JSON.stringify(tag)}`, tag);
    const value = kind.decode(payload, this, depth);
    if (value !== notDecodable) return value;
    this.#depth = depth;
    throw this.#malformed(`is not what ${tag} takes`, tag);
  }

  #reviveRecord(record: Record<string, unknown>, keys: readonly string[], depth: number): Record<string, unknown> {
    for (const key of keys) {
      const form = record[key];
      if (typeof form !== 'object' || form === null) continue;
      this.#path[depth] = key;
      const value = this.revive(form, depth + 1);
      if (value !== form) record[key] = value;
    }
    return record;
  }

  /** The value of a part of a kind, at the step `piece` below `depth`. */
  revivePart(form: unknown, piece: string, depth: number): unknown {
    this.#path[depth] = { piece };
    return this.revive(form, depth + 1);
  }

  #malformed(complaint: string, tag?: string): TuttiError {
    const path = formatPath(this.what, this.#path.slice(0, this.#depth));
    const details = tag === undefined ? { path } : { path, tag };
    return new TuttiError('VALUE_MALFORMED', `${path} ${complaint}`, { details });
  }
}
