import { expect, test } from 'vitest';
import { nodeRights } from './rights.ts';

test('a node makes the streams of its cluster and no other (G1)', () => {
  const { publish } = nodeRights('shop', 2, 'a');
  expect(publish?.allow?.filter((subject) => subject.includes('CREATE'))).toEqual(
    ['log_map', 'log_p0', 'log_p1', 'blobs'].map((stream) => `$JS.API.STREAM.CREATE.TUTTI_shop_${stream}`),
  );
});

test('no name of a node takes in the answers of another one (G3)', () => {
  const heard = (member: string): string => nodeRights('shop', 2, member).subscribe?.allow?.at(-1) as string;
  expect([heard('a'), heard('a.b')]).toEqual(['_INBOX.a.>', '_INBOX.a+b.>']);
});
