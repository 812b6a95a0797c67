/** What somebody points at, and what is said of it. */
import type { PageSpan } from '../page-data.ts';
import { fateText, type Model, msText, placeText, type Thing } from './model.ts';
import { type Scene, segmentOf, usOf } from './scene.ts';

const nearPx = 6;

/** The nearest of the things that were drawn; an event before a message, as it is small. */
export const thingAt = (scene: Scene, drawn: readonly Thing[], x: number, y: number): Thing | undefined => {
  let best: Thing | undefined;
  let least = nearPx;
  for (const thing of drawn) {
    const { fromX, fromY, toX, toY } = segmentOf(scene, thing);
    if (Math.min(fromX, toX) > x + nearPx || Math.max(fromX, toX) < x - nearPx) continue;
    const away = distance(x, y, fromX, fromY, toX, toY) - (thing.arrivesUs === undefined ? 2 : 0);
    if (away >= least) continue;
    least = away;
    best = thing;
  }
  return best;
};

const distance = (x: number, y: number, fromX: number, fromY: number, toX: number, toY: number): number => {
  const [across, down] = [toX - fromX, toY - fromY];
  const long = across * across + down * down;
  const part = long === 0 ? 0 : Math.min(1, Math.max(0, ((x - fromX) * across + (y - fromY) * down) / long));
  return Math.hypot(x - fromX - part * across, y - fromY - part * down);
};

/** What lasts there: bars first, then faults and lives. */
export const spansAt = (scene: Scene, x: number, y: number): readonly PageSpan[] => {
  const us = usOf(scene, x);
  const slack = usOf(scene, x + 2) - us;
  const lane = scene.lanes.find((one) => y >= one.y && y < one.y + one.height);
  if (lane === undefined) return [];
  const within = ({ fromUs, untilUs }: PageSpan): boolean => us >= fromUs - slack && us <= untilUs + slack;
  const bar = lane.bars.find(({ span, y: top, height }) => y >= top && y < top + height && within(span));
  if (bar !== undefined) return [bar.span];
  return [...lane.bands, ...(lane.lives ?? [])].filter(within);
};

/** All that is known of a thing, by line. */
export const thingLines = (model: Model, thing: Thing): readonly string[] => {
  const { kinds, texts } = model.run;
  const fate = fateText(model, thing);
  return [
    `${msText(thing.atUs)} ms  ${placeText(model, thing)}`,
    `${kinds[thing.kind]} ${texts[thing.text]}`,
    ...(fate === '' ? [] : [`${fate}, ${thing.sizeBytes} bytes`]),
  ];
};

export const spanLines = ({ kind, text, fromUs, untilUs }: PageSpan): readonly string[] => [
  `${kind === 'leads' ? '' : `${kind} `}${text}`,
  `${msText(fromUs)} to ${msText(untilUs)} ms, for ${msText(untilUs - fromUs)} ms`,
];
