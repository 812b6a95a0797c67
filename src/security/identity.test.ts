import { describe, expect, test } from 'vitest';
import { type Identity, identityOf, isIdentityName, uriOf, urisOf } from './identity.ts';

describe('an identity', () => {
  test('is read back from the URIs of its certificate', () => {
    const identities: Identity[] = [
      { kind: 'server', name: 'berlin-1' },
      { kind: 'node', app: 'shop', name: 'berlin-1' },
      { kind: 'node', app: 'server', name: 'node' },
    ];
    for (const identity of identities) expect(identityOf(urisOf(identity))).toEqual(identity);
    for (const identity of identities) expect(identityOf([...urisOf(identity)].reverse())).toEqual(identity);
  });

  test('is none where a URI is missing, more than its own, or not ours', () => {
    for (const uris of [
      [],
      ['tutti:server'],
      ['tutti:server/a'],
      ['tutti:server', 'tutti:server', 'tutti:server/a'],
      ['tutti:server', 'tutti:node/shop/a'],
      ['tutti:node/shop/a', 'tutti:node/bank/a'],
      ['tutti:node/shop/a/b'],
      ['tutti:node/shop'],
      ['tutti:node/shop/a*'],
      ['node/shop/a'],
      ['https://node/shop/a'],
      ['spiffe:node/shop/a'],
    ])
      expect(identityOf(uris), uris.join()).toBeUndefined();
  });

  test('has names that need no quoting anywhere', () => {
    for (const name of ['a', 'A-1_b.c', 'x'.repeat(63)]) expect(isIdentityName(name)).toBe(true);
    for (const name of ['', '-a', '.', 'a/b', 'a b', 'a*', 'a>', 'ä', 'x'.repeat(64), 1, undefined])
      expect(isIdentityName(name)).toBe(false);
    expect(() => uriOf({ kind: 'node', app: 'a/b', name: 'c' })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});
