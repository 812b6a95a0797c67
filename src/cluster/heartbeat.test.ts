import { createHash } from 'node:crypto';
import { pack, unpack } from 'msgpackr';
import { expect, test } from 'vitest';
import { decodeHeartbeat, encodeHeartbeat, type Heartbeat, newsOf } from './heartbeat.ts';

const heartbeat: Heartbeat = {
  member: 'n1',
  incarnation: 4,
  mapVersion: 17,
  healthy: true,
  queued: 12,
  addresses: { gateway: 'https://10.0.0.7:8484', lifeLine: '10.0.0.7:7422' },
  suspects: ['n2'],
  partitions: [
    { partition: 0, role: 'leading', epoch: 900, position: 1_000 },
    { partition: 3, role: 'following', epoch: 20, position: 2 ** 40 },
  ],
};

test('a heartbeat comes out as it went in', () => {
  expect(decodeHeartbeat(encodeHeartbeat(heartbeat))).toEqual(heartbeat);
  const failed = { ...heartbeat, failures: [{ partition: 3, code: 'REPLICA_DIFFERS' }] };
  expect(decodeHeartbeat(encodeHeartbeat(failed))).toEqual(failed);
  const loads = [
    [0, 12_000],
    [5, 0],
  ] as const;
  const ailing = { ...heartbeat, healthy: false, ailment: 'log' as const, loads };
  expect(decodeHeartbeat(encodeHeartbeat(ailing))).toEqual(ailing);
  const troubled = { ...heartbeat, troubles: ['writeError', 'streamReset'] as const };
  expect(decodeHeartbeat(encodeHeartbeat(troubled))).toEqual(troubled);
});

test('the format of heartbeats is fixed: whoever changes it needs a new number', () => {
  expect(createHash('sha256').update(encodeHeartbeat(heartbeat)).digest('hex')).toMatchInlineSnapshot(
    `"4023b3c2fea3b4481d3f8dd78673906b55c2597650dd72587046e630a02d6d44"`,
  );
});

test('one of another format, or what is none, is not read', () => {
  expect(decodeHeartbeat(pack([2, 'n1', 'whatever']))).toBeUndefined();
  expect(decodeHeartbeat(pack({ member: 'n1' }))).toBeUndefined();
  expect(decodeHeartbeat(Uint8Array.of(0xdc, 0xff))).toBeUndefined();
});

test('what was added later may be missing', () => {
  const fields = (unpack(encodeHeartbeat(heartbeat)) as unknown[]).slice(0, 11);
  expect(decodeHeartbeat(pack(fields))).toEqual(heartbeat);
  // And what a later version adds to a list is left out.
  const later = [...(unpack(encodeHeartbeat(heartbeat)) as unknown[]), [99, 0]];
  expect(decodeHeartbeat(pack(later))).toEqual({ ...heartbeat, troubles: ['streamReset'] });
});

test('positions and queues are no news; a role, an epoch or a suspect is', () => {
  const [leading, following] = heartbeat.partitions as [
    Heartbeat['partitions'][number],
    Heartbeat['partitions'][number],
  ];
  const later = { ...heartbeat, queued: 99, partitions: [{ ...leading, position: 1_001 }, following] };
  expect(newsOf(later)).toBe(newsOf(heartbeat));
  for (const other of [
    { ...heartbeat, suspects: [] },
    { ...heartbeat, mapVersion: 18 },
    { ...heartbeat, partitions: [{ ...leading, epoch: 901 }, following] },
    { ...heartbeat, partitions: [leading] },
  ])
    expect(newsOf(other)).not.toBe(newsOf(heartbeat));
});
