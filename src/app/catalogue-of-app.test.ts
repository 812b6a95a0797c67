import { describe, expect, test } from 'vitest';
import { catalogueOf } from './catalogue-of-app.ts';
import { type TaskDefinition, task } from './task.ts';
import * as shop from './testdata/shop.ts';

const named = (name?: string): TaskDefinition => task(name === undefined ? {} : { name }, async () => 1);
/** What `export * as` gives. */
const nested = (exports: object): object =>
  Object.assign(Object.create(null), exports, { [Symbol.toStringTag]: 'Module' });
const refused = (...exports: string[]): unknown =>
  expect.objectContaining({ code: 'APP_INVALID', details: { exports } });

describe('the catalogue of an app', () => {
  test('names definitions after their exports, through namespaces, and leaves other exports alone', () => {
    const { definitions, nameOf } = catalogueOf(shop);
    expect([...definitions.keys()]).toEqual(['billing.invoice', 'order', 'renamed', 'the-default']);
    expect(definitions.get('order')).toBe(shop.order);
    expect(nameOf(shop.billing.invoice)).toBe('billing.invoice');
    expect(nameOf(shop.old)).toBe('renamed');
  });

  test('finds a definition of another instance of the module only by the name that it carries', () => {
    const { nameOf } = catalogueOf({ a: named(), b: named('fixed') });
    expect(nameOf(named())).toBeUndefined();
    expect(nameOf(named('fixed'))).toBe('fixed');
    expect(nameOf(named('unknown'))).toBeUndefined();
  });

  test('refuses one definition under two names and names both; under one name twice is the same', () => {
    const a = named();
    expect(() => catalogueOf({ a, inner: nested({ b: a }) })).toThrow(refused('a', 'inner.b'));
    const fixed = named('fixed');
    expect([...catalogueOf({ x: fixed, y: fixed }).definitions.keys()]).toEqual(['fixed']);
  });

  test('refuses two definitions under one name and names both', () => {
    expect(() => catalogueOf({ a: named('same'), b: named('same') })).toThrow(refused('a', 'b'));
    expect(() => catalogueOf({ a: named(), b: named('a') })).toThrow(refused('a', 'b'));
  });

  test('wants a name for a default export, or another export of the same definition', () => {
    expect(() => catalogueOf({ default: named() })).toThrow(refused('default'));
    expect(() => catalogueOf({ billing: nested({ default: named() }) })).toThrow(refused('billing.default'));
    const both = named();
    expect([...catalogueOf({ default: both, main: both }).definitions.keys()]).toEqual(['main']);
    expect([...catalogueOf({ default: named('given') }).definitions.keys()]).toEqual(['given']);
  });

  test('refuses names with other characters, and too long ones', () => {
    expect(() => catalogueOf({ größe: named() })).toThrow(refused('größe'));
    expect(() => catalogueOf({ $pay: named() })).toThrow(refused('$pay'));
    const long = 'x'.repeat(150);
    expect(() => catalogueOf({ [long]: nested({ [long]: named() }) })).toThrow(/has 301 characters/);
  });

  test('does not go round in a module that exports itself, nor into objects that are no namespaces', () => {
    const self: Record<string, unknown> = { a: named() };
    Object.defineProperty(self, Symbol.toStringTag, { value: 'Module' });
    self['self'] = self;
    self['inner'] = nested({ back: self });
    self['settings'] = { helper: named() };
    expect([...catalogueOf(self).definitions.keys()]).toEqual(['a']);
  });

  test('says so where an export cannot be read yet', () => {
    const unready = Object.defineProperty({}, 'late', {
      enumerable: true,
      get() {
        throw new ReferenceError("Cannot access 'late' before initialization");
      },
    });
    expect(() => catalogueOf(unready)).toThrow(refused('late'));
  });

  test('has a fingerprint of names, kinds and options, not of the order of exports or the code', () => {
    const fingerprint = (exports: object): string => catalogueOf(exports).fingerprint;
    const base = fingerprint({ a: named(), b: named() });
    expect(fingerprint({ b: named(), a: task(async () => 'other code') })).toBe(base);
    expect(fingerprint({ a: named() })).not.toBe(base);
    expect(fingerprint({ a: named(), c: named() })).not.toBe(base);
    expect(fingerprint({ a: named(), b: task({ priority: 1 }, async () => 1) })).not.toBe(base);
  });
});
