/**
 * The table of kinds: every kind of object that is not plain JSON, how it is known, written and read. It serves both
 * directions, and the reference's list of JSON forms is this list.
 *
 * A new kind is a new tag. What a tag holds never changes: stored texts are read for ever.
 */

import { bufferKinds, bytesKind } from './bytes.ts';
import { decodeErrorForm, encodeErrorForm, isError } from './error-form.ts';
import { type Kind, notDecodable, type ReadKind } from './kind.ts';

const date: Kind<Date> = {
  tag: '$date',
  encode(value, walk) {
    const ms = Date.prototype.getTime.call(value);
    if (Number.isNaN(ms)) throw walk.unsupported('an invalid Date');
    return new Date(ms).toISOString();
  },
  decode(payload) {
    if (typeof payload !== 'string' || !isoDate.test(payload)) return notDecodable;
    const value = new Date(payload);
    return Number.isNaN(value.getTime()) ? notDecodable : value;
  },
};
const isoDate = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

const map: Kind<Map<unknown, unknown>> = {
  tag: '$map',
  encode(value, walk, depth) {
    const pairs: unknown[] = [];
    for (const [key, item] of Map.prototype.entries.call(value)) {
      const name = typeof key === 'string' || typeof key === 'number' ? JSON.stringify(key) : `#${pairs.length}`;
      pairs.push([
        walk.formOfPart(key, `.key(#${pairs.length})`, depth),
        walk.formOfPart(item, `.get(${name})`, depth),
      ]);
    }
    return pairs;
  },
  decode(payload, walk, depth) {
    if (!Array.isArray(payload)) return notDecodable;
    const value = new Map<unknown, unknown>();
    for (const pair of payload as readonly unknown[]) {
      if (!Array.isArray(pair) || pair.length !== 2) return notDecodable;
      const [key, item] = pair as readonly unknown[];
      const place = `#${value.size}`;
      value.set(walk.revivePart(key, `.key(${place})`, depth), walk.revivePart(item, `.get(${place})`, depth));
    }
    return value;
  },
};

const set: Kind<Set<unknown>> = {
  tag: '$set',
  encode(value, walk, depth) {
    const items: unknown[] = [];
    for (const item of Set.prototype.values.call(value))
      items.push(walk.formOfPart(item, `.values(#${items.length})`, depth));
    return items;
  },
  decode(payload, walk, depth) {
    if (!Array.isArray(payload)) return notDecodable;
    return new Set(
      (payload as readonly unknown[]).map((item, index) => walk.revivePart(item, `.values(#${index})`, depth)),
    );
  },
};

const regexp: Kind<RegExp> = {
  tag: '$regexp',
  encode: (value) => [value.source, value.flags],
  decode(payload) {
    if (!Array.isArray(payload) || payload.length !== 2) return notDecodable;
    const [source, flags] = payload as readonly unknown[];
    if (typeof source !== 'string' || typeof flags !== 'string') return notDecodable;
    try {
      return new RegExp(source, flags);
    } catch {
      return notDecodable;
    }
  },
};

const url: Kind<URL> = {
  tag: '$url',
  encode: (value) => value.href,
  decode: (payload) => (typeof payload === 'string' && URL.canParse(payload) ? new URL(payload) : notDecodable),
};

const error: Kind<Error> = {
  tag: '$error',
  encode: encodeErrorForm,
  decode: decodeErrorForm,
};

/** Kinds whose values are no objects: `encoding.ts` writes them on its way. */
const bigint: ReadKind = {
  tag: '$bigint',
  decode: (payload) => (typeof payload === 'string' && /^-?\d+$/.test(payload) ? BigInt(payload) : notDecodable),
};

const specialNumbers: readonly unknown[] = ['NaN', 'Infinity', '-Infinity', '-0'];
const number: ReadKind = {
  tag: '$number',
  decode: (payload) => (specialNumbers.includes(payload) ? Number(payload) : notDecodable),
};

const nothing: ReadKind = {
  tag: '$undefined',
  decode: (payload) => (payload === true ? undefined : notDecodable),
};

const kinds: readonly ReadKind[] = [date, bytesKind, map, set, error, regexp, url, bigint, number, nothing];

export const kindByTag: ReadonlyMap<string, ReadKind> = new Map(kinds.map((kind) => [kind.tag, kind]));

/** Kinds by the name of the class that makes them, for objects of this realm and of others (a vm context, a frame). */
const kindByClassName: ReadonlyMap<string, Kind<never>> = new Map<string, Kind<never>>([
  ['Date', date],
  ['Map', map],
  ['Set', set],
  ['RegExp', regexp],
  ['URL', url],
  ...bufferKinds.map((name) => [name, bytesKind] as const),
]);

const kindByPrototype = new Map<unknown, Kind<never>>();
for (const [name, kind] of kindByClassName) {
  const maker = (globalThis as Record<string, unknown>)[name];
  if (typeof maker === 'function') kindByPrototype.set(maker.prototype, kind);
}

/** What `value` is; undefined for an instance of a class that is not known. */
export const kindOf = (value: object): Kind<never> | 'record' | 'array' | undefined => {
  const prototype: unknown = Object.getPrototypeOf(value);
  const known = kindByPrototype.get(prototype);
  if (known !== undefined) return known;
  if (isError(value)) return error;
  if (typeof prototype !== 'object' || prototype === null) return undefined;
  if (Array.isArray(value))
    return Array.isArray(prototype) && isRootPrototype(Object.getPrototypeOf(prototype)) ? 'array' : undefined;
  if (isRootPrototype(prototype)) return 'record';
  return kindOfAnotherRealm(value, prototype);
};

/** Whether this is some realm's Object.prototype. */
const isRootPrototype = (prototype: unknown): boolean =>
  typeof prototype === 'object' &&
  prototype !== null &&
  Object.getPrototypeOf(prototype) === null &&
  Object.hasOwn(prototype, 'isPrototypeOf');

/** The built-in's tag says what it claims to be; its maker's name, that it is no subclass. Node's Buffer passes as bytes. */
const kindOfAnotherRealm = (value: object, prototype: object): Kind<never> | undefined => {
  const className = Object.prototype.toString.call(value).slice('[object '.length, -1);
  const maker: unknown = Object.hasOwn(prototype, 'constructor') ? Reflect.get(prototype, 'constructor') : undefined;
  if (typeof maker !== 'function') return undefined;
  return maker.name === className || maker.name === 'Buffer' ? kindByClassName.get(className) : undefined;
};
