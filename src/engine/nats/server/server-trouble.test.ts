import { expect, test } from 'vitest';
import { troubleOf } from './server-trouble.ts';

const said = (text: string): string => `[4711] 2026/11/27 12:23:04.237347 ${text}`;

test('lines that tell of trouble with what is stored are found', () => {
  expect(troubleOf(said("[WRN] Resetting stream cluster state for '$G > TUTTI_c_log_p0'"))).toBe('streamReset');
  expect(troubleOf(said("[WRN] Got stream sequence mismatch for '$G > a': last sequence mismatch: 7 vs 9"))).toBe(
    'sequenceMismatch',
  );
  expect(troubleOf(said("[WRN] Detected orphaned stream '$G > a', will cleanup"))).toBe('orphanedStream');
  expect(troubleOf(said("[ERR] JetStream stream '$G > a' critical write error: no space left on device"))).toBe(
    'writeError',
  );
  expect(troubleOf(said('[ERR] RAFT [x - S-R3F] Raft encountered write error'))).toBe('writeError');
  expect(troubleOf(said('[ERR] Critical write error: input/output error'))).toBe('writeError');
});

test('others are none', () => {
  for (const line of [
    '[INF] Server is ready',
    "[WRN] JetStream cluster stream '$G > a' has NO quorum, stalled",
    '[WRN] Ignoring non-write error: context canceled',
    '[ERR] 127.0.0.1:6222 - rid:9 - Router error: write tcp 127.0.0.1: broken pipe',
    '',
  ])
    expect(troubleOf(said(line)), line).toBeUndefined();
});
