/** What is to be seen now: which things, from when to when, on which surface. */
import type { Colours } from './colours.ts';
import type { Lane } from './layout.ts';
import { countBefore, type Model, type Thing } from './model.ts';

export type View = { readonly fromUs: number; readonly toUs: number };

export type Scene = {
  readonly model: Model;
  readonly lanes: readonly Lane[];
  /** What the filter leaves. */
  readonly shown: readonly Thing[];
  /** Partitions that are looked at, as a set of bits; 0: all. */
  readonly partitions: number;
  readonly view: View;
  readonly selected: Thing | undefined;
  readonly hovered: Thing | undefined;
  readonly colours: Colours;
  /** Of the surface, and of its part on the left that holds the names. */
  readonly width: number;
  readonly gutter: number;
};

export const xOf = ({ view, width, gutter }: Pick<Scene, 'view' | 'width' | 'gutter'>, us: number): number =>
  gutter + ((us - view.fromUs) / (view.toUs - view.fromUs)) * (width - gutter);

export const usOf = ({ view, width, gutter }: Pick<Scene, 'view' | 'width' | 'gutter'>, x: number): number =>
  view.fromUs + ((x - gutter) / (width - gutter)) * (view.toUs - view.fromUs);

/** Things that began within the view. */
export const thingsWithin = (shown: readonly Thing[], { fromUs, toUs }: View): readonly Thing[] =>
  shown.slice(countBefore(shown, fromUs), countBefore(shown, toUs + 1));

/** Things of which a part can be seen: also messages that were sent before. */
export const thingsTouching = ({ model, shown, view }: Scene): readonly Thing[] =>
  thingsWithin(shown, { fromUs: view.fromUs - model.longestUs, toUs: view.toUs }).filter(
    ({ atUs, arrivesUs }) => Math.max(atUs, arrivesUs ?? -1) >= view.fromUs,
  );

export type Segment = {
  readonly fromX: number;
  readonly fromY: number;
  readonly toX: number;
  readonly toY: number;
};

/** Where a thing is: a message from lane to lane, as far as it came; an event at a point. */
export const segmentOf = (scene: Scene, thing: Thing): Segment => {
  const { lanes } = scene;
  const fromX = xOf(scene, thing.atUs);
  const fromY = (lanes[thing.from] as Lane).lineY;
  if (thing.arrivesUs === undefined) return { fromX, fromY, toX: fromX, toY: fromY };
  const toY = (lanes[thing.to] as Lane).lineY;
  // One within a lane is a short way down, so that it can be seen.
  if (thing.arrivesUs < 0) return { fromX, fromY, toX: fromX + 6, toY: fromY + (toY - fromY) / 2 };
  return { fromX, fromY, toX: xOf(scene, thing.arrivesUs), toY };
};
