import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { ServerTroubles } from './server-troubles.ts';

test('each trouble counts until a while after it was told last', () => {
  const troubles = new ServerTroubles();
  expect(troubles.lately(0)).toEqual([]);
  troubles.told('writeError', 1_000);
  troubles.told('streamReset', 2_000);
  troubles.told('writeError', 3_000);
  expect(troubles.lately(3_000)).toEqual(['writeError', 'streamReset']);
  expect(troubles.lately(2_000 + limits.clusterFaultKeptMs)).toEqual(['writeError']);
  expect(troubles.lately(3_000 + limits.clusterFaultKeptMs)).toEqual([]);
});
