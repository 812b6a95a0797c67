import { expect, test } from 'vitest';
import { packageOf } from './package-facts.ts';

test.each([
  ['a licence by its identifier', '{"name":"a","version":"1","license":"MIT"}', 'MIT'],
  ['a mark of byte order before it', '\ufeff{"name":"a","version":"1","license":"MIT"}', 'MIT'],
  ['the older form with a type', '{"name":"a","version":"1","license":{"type":"ISC"}}', 'ISC'],
  ['the older list', '{"name":"a","version":"1","licenses":[{"type":"MIT"},{"type":"X11"}]}', 'MIT OR X11'],
  ['no licence', '{"name":"a","version":"1"}', '(none stated)'],
  ['a licence that is no text', '{"name":"a","version":"1","license":7}', '(none stated)'],
])('A package.json with %s tells the licence.', (_, text, licence) => {
  expect(packageOf(text, 'p')).toEqual({ path: 'p', name: 'a', version: '1', licence });
});

test('A package.json without name or version is no package; one that is no object is wrong.', () => {
  expect(packageOf('{"type":"module"}', 'p')).toBeNull();
  expect(packageOf('{"name":"a"}', 'p')).toBeNull();
  expect(packageOf('{"name":', 'p')).toEqual({ wrong: 'not JSON' });
  expect(packageOf('[]', 'p')).toEqual({ wrong: 'not an object' });
});
