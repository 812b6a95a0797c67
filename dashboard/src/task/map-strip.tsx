/** A map in one bar: each cell is a part of its items, filled as far as they are done, the darker the longer they took. */
import type { JSX } from 'preact';
import type { MapView } from '../../../src/protocol/task-detail.ts';
import { formatCount, formatMs, formatShort } from '../format.ts';
import { cellHeat, mapFigures } from './map-figures.ts';
import type { Bar } from './timeline.ts';

export const MapStrip = ({ map }: { map: MapView }): JSX.Element | null => {
  const cells = cellHeat(map);
  if (cells.length === 0) return null;
  return (
    <svg
      class="heat"
      viewBox={`0 0 ${cells.length} 10`}
      preserveAspectRatio="none"
      shape-rendering="crispEdges"
      aria-hidden="true"
    >
      {cells.map(({ share, heat }, index) => (
        <rect key={index} class={`heat-${heat}`} x={index} y={10 - share * 10} width="1.02" height={share * 10} />
      ))}
    </svg>
  );
};

export const MapNumbers = ({ map, bar }: { map: MapView; bar: Bar | undefined }): JSX.Element => {
  const { perSecond, leftMs, itemMs } = mapFigures(map, bar);
  const texts = [
    `${formatCount(map.done)} of ${formatCount(map.count)}`,
    map.running > 0 ? `${formatCount(map.running)} running` : undefined,
    `${formatCount(map.chunksDone)} of ${formatCount(map.chunks)} chunks`,
    perSecond === undefined ? undefined : `${formatShort(perSecond)}/s`,
    itemMs === undefined || itemMs < 0.005 ? undefined : `${formatMs(itemMs)} an item`,
    leftMs === undefined ? undefined : `${formatMs(leftMs)} left`,
  ];
  return <span class="map-numbers faint">{texts.filter((text) => text !== undefined).join(' · ')}</span>;
};
