import { expect, test } from 'vitest';
import type { MapView } from '../../../src/protocol/task-detail.ts';
import { cellHeat, mapFigures } from './map-figures.ts';

const map: MapView = {
  task: 'item',
  count: 10,
  done: 5,
  running: 2,
  chunks: 4,
  chunksDone: 2,
  heat: [
    [3, 300],
    [2, 800],
    [0, 0],
  ],
};

test('cells are filled as far as their items are done, and the slowest is the hottest', () => {
  expect(cellHeat(map)).toEqual([
    { share: 1, heat: 1 },
    { share: 2 / 3, heat: 4 },
    { share: 0, heat: 1 },
  ]);
  expect(cellHeat({ ...map, heat: [] })).toEqual([]);
});

test('the rest takes as long as its rate says, while it runs', () => {
  const open = { from: 0, to: 1_000, open: true };
  expect(mapFigures(map, open)).toEqual({ perSecond: 5, leftMs: 1_000, itemMs: 220 });
  expect(mapFigures(map, { ...open, open: false }).leftMs).toBeUndefined();
  expect(mapFigures({ ...map, done: 0, heat: [] }, open)).toEqual({
    perSecond: undefined,
    leftMs: undefined,
    itemMs: undefined,
  });
});
