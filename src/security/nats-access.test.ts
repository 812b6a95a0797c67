import { expect, test } from 'vitest';
import { natsAccess } from './nats-access.ts';
import { withCode } from './security.fixture.ts';

const rights = (app: string, node: string): string => `what ${node} of ${app} may`;

test('each app is an account with its nodes, each with rights of its own, and servers operate the servers', () => {
  expect(natsAccess({ servers: ['m2', 'm1'], apps: { shop: ['m2', 'm1', 'm2'], bank: [] } }, rights)).toEqual({
    accounts: {
      SYS: { jetstream: false, users: [{ user: 'tutti:server/m1' }, { user: 'tutti:server/m2' }] },
      'app-bank': { jetstream: true, users: [] },
      'app-shop': {
        jetstream: true,
        users: [
          { user: 'tutti:node/shop/m1', permissions: 'what m1 of shop may' },
          { user: 'tutti:node/shop/m2', permissions: 'what m2 of shop may' },
        ],
      },
    },
    systemAccount: 'SYS',
    routes: { user: 'tutti:server' },
  });
});

test('members in another order are the same data', () => {
  const one = natsAccess({ servers: ['b', 'a'], apps: { y: ['2', '1'], x: [] } }, rights);
  expect(JSON.stringify(natsAccess({ servers: ['a', 'b'], apps: { x: [], y: ['1', '2'] } }, rights))).toBe(
    JSON.stringify(one),
  );
});

test('no name gets into the configuration that means something there', () => {
  for (const name of ['a"', 'a}', '$SYS', 'a b', '>', '*', ''])
    for (const members of [
      { servers: [name], apps: {} },
      { servers: [], apps: { [name]: ['a'] } },
      { servers: [], apps: { shop: [name] } },
    ])
      expect(() => natsAccess(members, rights)).toThrow(withCode('OPTION_INVALID'));
  expect(Object.keys(natsAccess({ servers: [], apps: { SYS: ['a'], G: ['a'] } }, rights).accounts)).toEqual([
    'SYS',
    'app-G',
    'app-SYS',
  ]);
});
