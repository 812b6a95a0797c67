/** What a map's numbers say: how fast it goes, how long it still takes, which of its parts were slow. Pure. */
import type { MapView } from '../../../src/protocol/task-detail.ts';
import type { Bar } from './timeline.ts';

export type MapFigures = {
  readonly perSecond: number | undefined;
  /** How long the rest takes at that rate; undefined where it is done, or nothing is known. */
  readonly leftMs: number | undefined;
  /** What an item took an executor, on average. */
  readonly itemMs: number | undefined;
};

/** A rate over less than this says nothing. */
const rateMsMin = 200;

export const mapFigures = ({ count, done, heat }: MapView, bar: Bar | undefined): MapFigures => {
  const tookMs = bar === undefined ? 0 : bar.to - bar.from;
  const perSecond = tookMs < rateMsMin || done === 0 ? undefined : (done / tookMs) * 1_000;
  const timed = heat.reduce((sum, [cellDone]) => sum + cellDone, 0);
  const runMs = heat.reduce((sum, [, cellMs]) => sum + cellMs, 0);
  return {
    perSecond,
    leftMs: perSecond === undefined || done >= count || !bar?.open ? undefined : ((count - done) / perSecond) * 1_000,
    itemMs: timed === 0 ? undefined : runMs / timed,
  };
};

export type Cell = {
  /** Part of its items that is done. */
  readonly share: number;
  /** How long its items took: 1 (quick) to 4, against the slowest part. */
  readonly heat: 1 | 2 | 3 | 4;
};

export const cellHeat = ({ count, heat }: MapView): readonly Cell[] => {
  const mean = heat.map(([done, runMs]) => (done === 0 ? 0 : runMs / done));
  const most = Math.max(...mean, 0);
  return heat.map(([done], cell) => {
    const first = Math.floor((cell * count) / heat.length);
    const items = Math.floor(((cell + 1) * count) / heat.length) - first;
    const level = most === 0 ? 1 : Math.max(1, Math.ceil(((mean[cell] ?? 0) / most) * 4));
    return { share: items === 0 ? 0 : Math.min(1, done / items), heat: level as Cell['heat'] };
  });
};
