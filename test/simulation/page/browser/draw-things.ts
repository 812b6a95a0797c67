/** Draws what happened: messages as arrows, events as points. */
import { partitionColour } from './colours.ts';
import type { Thing } from './model.ts';
import { type Scene, type Segment, segmentOf, thingsTouching } from './scene.ts';

/** Up to so many, arrows have heads, and then names. */
const headsUpTo = 1_500;
const namesUpTo = 45;
const nameCharsMax = 36;

/** Returns what stands for each thing that was drawn: whoever points at one finds it. */
export const drawThings = (ctx: CanvasRenderingContext2D, scene: Scene): readonly Thing[] => {
  const things = withoutTwins(
    scene,
    thingsTouching(scene).filter((thing) => !isEndOfBar(scene, thing)),
  );
  const heads = things.length <= headsUpTo;
  const paths = new Map<string, Path2D>();
  const dashed = new Map<string, Path2D>();
  const points = new Map<string, Path2D>();
  const pathOf = (of: Map<string, Path2D>, colour: string): Path2D => {
    const known = of.get(colour);
    if (known !== undefined) return known;
    const path = new Path2D();
    of.set(colour, path);
    return path;
  };
  for (const thing of things) {
    const segment = segmentOf(scene, thing);
    const colour = thingColour(scene, thing);
    if (thing.arrivesUs === undefined) addPoint(pathOf(points, colour), segment);
    else {
      addLine(pathOf(thing.fate === 'arrived' ? paths : dashed, colour), segment);
      if (thing.fate !== 'arrived') addCross(pathOf(paths, colour), segment);
      else if (heads) addHead(pathOf(points, colour), segment);
    }
  }
  ctx.lineWidth = heads ? 1.2 : 1;
  ctx.globalAlpha = heads ? 0.9 : 0.45;
  for (const [colour, path] of paths) stroke(ctx, colour, path, []);
  ctx.globalAlpha = 1;
  for (const [colour, path] of dashed) stroke(ctx, colour, path, [4, 3]);
  for (const [colour, path] of points) {
    ctx.fillStyle = colour;
    ctx.fill(path);
  }
  if (things.length <= namesUpTo) drawNames(ctx, scene, things);
  for (const thing of [scene.hovered, scene.selected]) if (thing !== undefined) drawChosen(ctx, scene, thing);
  return things;
};

/** Of things that would cover one another one is left, but none that went wrong is left out. */
const withoutTwins = (scene: Scene, things: readonly Thing[]): readonly Thing[] => {
  if (things.length <= headsUpTo) return things;
  const { lanes, width } = scene;
  const seen = new Uint8Array((width + 1) * lanes.length * (lanes.length + 1));
  return things.filter((thing) => {
    if (thing.fate !== 'arrived') return true;
    const x = Math.min(width, Math.max(0, Math.round(segmentOf(scene, thing).fromX)));
    const to = thing.arrivesUs === undefined ? lanes.length : thing.to;
    const place = (x * lanes.length + thing.from) * (lanes.length + 1) + to;
    if (seen[place] === 1) return false;
    seen[place] = 1;
    return true;
  });
};

/** Calls are bars: their ends are not shown twice. */
const isEndOfBar = ({ model }: Scene, { arrivesUs, kind }: Thing): boolean =>
  arrivesUs === undefined && /^call (begins|ends)$/.test(model.run.kinds[kind] as string);

const thingColour = ({ colours, model }: Scene, { arrivesUs, fate, kind, partitions }: Thing): string => {
  if (arrivesUs !== undefined)
    return fate === 'arrived'
      ? partitionColour(colours, partitions)
      : fate === 'under way'
        ? colours.faint
        : colours.trouble;
  const name = model.run.kinds[kind] as string;
  if (name === 'VIOLATED') return colours.trouble;
  if (name.startsWith('fault')) return colours.fault;
  return colours.text;
};

const stroke = (ctx: CanvasRenderingContext2D, colour: string, path: Path2D, dash: readonly number[]): void => {
  ctx.strokeStyle = colour;
  ctx.setLineDash([...dash]);
  ctx.stroke(path);
  ctx.setLineDash([]);
};

const addLine = (path: Path2D, { fromX, fromY, toX, toY }: Segment): void => {
  path.moveTo(fromX, fromY);
  if (fromY === toY) path.quadraticCurveTo((fromX + toX) / 2, fromY + 14, toX, toY);
  else path.lineTo(toX, toY);
};

const addPoint = (path: Path2D, { fromX, fromY }: Segment): void => {
  path.moveTo(fromX + 3, fromY);
  path.arc(fromX, fromY, 3, 0, 2 * Math.PI);
};

const addCross = (path: Path2D, { toX, toY }: Segment): void => {
  for (const side of [-1, 1]) {
    path.moveTo(toX - 3, toY - 3 * side);
    path.lineTo(toX + 3, toY + 3 * side);
  }
};

const addHead = (path: Path2D, { fromX, fromY, toX, toY }: Segment): void => {
  const angle = fromY === toY ? -Math.PI / 4 : Math.atan2(toY - fromY, toX - fromX);
  path.moveTo(toX, toY);
  for (const side of [-1, 1]) {
    const back = angle + Math.PI + side * 0.4;
    path.lineTo(toX + 7 * Math.cos(back), toY + 7 * Math.sin(back));
  }
  path.closePath();
};

/** Names as far as there is room for them. */
const drawNames = (ctx: CanvasRenderingContext2D, scene: Scene, things: readonly Thing[]): void => {
  const { kinds, texts } = scene.model.run;
  const taken: { readonly x: number; readonly y: number; readonly width: number }[] = [];
  ctx.lineWidth = 3;
  ctx.strokeStyle = scene.colours.lane;
  for (const thing of things) {
    const { fromX, fromY, toX, toY } = segmentOf(scene, thing);
    const isEvent = thing.arrivesUs === undefined;
    const [x, y] = isEvent ? [fromX + 5, fromY - 8] : [(fromX + toX) / 2 + 5, (fromY + toY) / 2];
    const words = `${kinds[thing.kind]} ${texts[thing.text]}`;
    const text = words.length > nameCharsMax ? `${words.slice(0, nameCharsMax)}…` : words;
    const { width } = ctx.measureText(text);
    const isFree = taken.every(
      (other) => Math.abs(other.y - y) > 13 || other.x > x + width + 4 || other.x + other.width + 4 < x,
    );
    if (x < scene.gutter || !isFree) continue;
    taken.push({ x, y, width });
    ctx.strokeText(text, x, y);
    ctx.fillStyle = thingColour(scene, thing);
    ctx.fillText(text, x, y);
  }
};

const drawChosen = (ctx: CanvasRenderingContext2D, scene: Scene, thing: Thing): void => {
  const segment = segmentOf(scene, thing);
  ctx.strokeStyle = scene.colours.selected;
  ctx.lineWidth = 3;
  const path = new Path2D();
  if (thing.arrivesUs === undefined) path.arc(segment.fromX, segment.fromY, 7, 0, 2 * Math.PI);
  else {
    addLine(path, segment);
    ctx.fillStyle = scene.colours.selected;
    const head = new Path2D();
    addHead(head, segment);
    ctx.fill(head);
  }
  ctx.stroke(path);
};
