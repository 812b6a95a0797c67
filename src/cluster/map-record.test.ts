import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { crc32 } from '../platform/crc32.ts';
import type { ClusterMap } from './cluster-map.ts';
import { decodeMap, encodeMap } from './map-record.ts';

const map: ClusterMap = {
  version: 7,
  clusterId: '0123456789abcdef',
  featureLevel: 1,
  settings: { partitions: 2, standbys: 1, movesMax: 2 },
  joins: 9,
  members: [
    {
      id: 'n0',
      token: 'aa',
      location: 'eu/zone-1',
      weight: 2,
      app: 'v1',
      featureLevel: 1,
      incarnation: 3,
      state: 'up',
      deaths: 0,
    },
    {
      id: 'n1',
      token: 'bb',
      location: '',
      weight: 1,
      app: 'v2',
      featureLevel: 2,
      incarnation: 9,
      state: 'dead',
      deaths: 4,
    },
  ],
  partitions: [
    { leader: 'n0', standbys: ['n1'], version: 5, pinned: 'eu', throttled: true },
    { leader: '', standbys: [], version: 0, pinned: '', throttled: false },
  ],
  apps: { v1: ['send', 'billing.invoice'], v2: ['send'] },
};

test('a map comes out as it went in', () => {
  expect(decodeMap(encodeMap(map), 7)).toEqual(map);
});

test('the format of maps is fixed: whoever changes it needs a new number', () => {
  expect(createHash('sha256').update(encodeMap(map)).digest('hex')).toMatchInlineSnapshot(
    `"ba998bc750ba290fa565226c3dd1433d03e52f2cf5daa897e96c78866419b344"`,
  );
});

test('one that is made from a data folder has a format of its own, which is fixed too', () => {
  for (const taken of [false, true]) {
    const from: ClusterMap = { ...map, origin: { folder: 'f0f1', taken } };
    expect(decodeMap(encodeMap(from), 7)).toEqual(from);
  }
  expect([encodeMap(map)[4], encodeMap({ ...map, origin: { folder: 'f0f1', taken: true } })[4]]).toEqual([1, 2]);
  expect(
    createHash('sha256')
      .update(encodeMap({ ...map, origin: { folder: 'f0f1', taken: false } }))
      .digest('hex'),
  ).toMatchInlineSnapshot(`"97531e6a85a508959cc08baad84d37d2e40b7f8409758b451287235c13ad3031"`);
});

test('a map of a hundred nodes and as many partitions as there may be stays far below a record', () => {
  const members = Array.from({ length: 100 }, (_, index) => ({
    ...(map.members[0] as ClusterMap['members'][number]),
    id: `node-${index}.europe.example.com`,
    token: `${index}`.padStart(16, 'f'),
  }));
  const partitions = Array.from({ length: 256 }, (_, index) => ({
    leader: members[index % 100]!.id,
    standbys: [members[(index + 1) % 100]!.id, members[(index + 7) % 100]!.id],
    version: 1_000 + index,
    pinned: '',
    throttled: false,
  }));
  expect(encodeMap({ ...map, members, partitions }).length).toBeLessThan(16_384);
});

test('no flipped bit goes unnoticed', () => {
  const bytes = encodeMap(map);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Uint8Array.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(() => decodeMap(flipped, 7)).toThrow(expect.objectContaining({ code: 'LOG_DAMAGED' }));
  }
  expect(() => decodeMap(bytes.subarray(0, 4), 7)).toThrow(expect.objectContaining({ code: 'LOG_DAMAGED' }));
});

test('a map of a newer format is told from damage', () => {
  const bytes = Buffer.from(encodeMap(map));
  bytes[4] = 3;
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  expect(() => decodeMap(bytes, 7)).toThrow(expect.objectContaining({ code: 'CLUSTER_NEWER' }));
});
