/** Draws what lasts: lanes, lives, leaderships, calls and faults. */

import type { PageSpan } from '../page-data.ts';
import { partitionColour } from './colours.ts';
import type { Bar, Lane } from './layout.ts';
import { type Scene, xOf } from './scene.ts';

const labelWidthLeast = 34;
const labelHeightLeast = 12;

export const drawLanes = (ctx: CanvasRenderingContext2D, scene: Scene, hatched: CanvasPattern | null): void => {
  for (const [number, lane] of scene.lanes.entries()) drawLane(ctx, scene, lane, number, hatched);
  drawBands(ctx, scene);
  for (const lane of scene.lanes) for (const bar of lane.bars) drawBar(ctx, scene, bar);
};

const drawLane = (
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  { y, height, lineY, lives }: Lane,
  number: number,
  hatched: CanvasPattern | null,
): void => {
  const { colours, width, gutter } = scene;
  ctx.fillStyle = number % 2 === 0 ? colours.lane : colours.laneOther;
  ctx.fillRect(0, y, width, height);
  if (lives !== undefined && hatched !== null) {
    ctx.fillStyle = hatched;
    for (const [fromUs, untilUs] of downTimes(lives, scene.model.run.endUs))
      fillSpan(ctx, scene, fromUs, untilUs, y, height);
  }
  for (const { text, untilUs } of lives ?? []) drawEnd(ctx, scene, text, untilUs, lineY);
  ctx.strokeStyle = colours.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(gutter, Math.round(lineY) + 0.5);
  ctx.lineTo(width, Math.round(lineY) + 0.5);
  ctx.stroke();
};

/** A fault of the world strikes everywhere. */
const drawBands = (ctx: CanvasRenderingContext2D, scene: Scene): void => {
  const last = scene.lanes.at(-1) as Lane;
  ctx.fillStyle = scene.colours.band;
  for (const { name, y, height, bands } of scene.lanes)
    for (const { fromUs, untilUs } of bands) {
      const [top, high] = name === 'world' ? [0, last.y + last.height] : [y, height];
      fillSpan(ctx, scene, fromUs, untilUs, top, high, 2);
    }
};

const downTimes = (
  lives: readonly PageSpan[],
  endUs: number,
): readonly (readonly [fromUs: number, untilUs: number])[] =>
  lives.map(({ untilUs }, at) => [untilUs, lives[at + 1]?.fromUs ?? endUs]);

const fillSpan = (
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  fromUs: number,
  untilUs: number,
  y: number,
  height: number,
  widthLeast = 0,
): void => {
  const left = Math.max(scene.gutter, xOf(scene, fromUs));
  const right = Math.min(scene.width, Math.max(xOf(scene, untilUs), xOf(scene, fromUs) + widthLeast));
  if (right > left) ctx.fillRect(left, y, right - left, height);
};

/** How a life ended, where it did. */
const drawEnd = (ctx: CanvasRenderingContext2D, scene: Scene, text: string, us: number, lineY: number): void => {
  const x = xOf(scene, us);
  const [, how] = text.split(': ');
  if (how === undefined || x < scene.gutter || x > scene.width) return;
  ctx.fillStyle = scene.colours.fault;
  ctx.fillText(`✕ ${how}`, x - 4, lineY);
};

const drawBar = (ctx: CanvasRenderingContext2D, scene: Scene, { span, y, height }: Bar): void => {
  const { colours, gutter, width } = scene;
  const left = Math.max(gutter, xOf(scene, span.fromUs));
  const right = Math.min(width, Math.max(xOf(scene, span.untilUs), xOf(scene, span.fromUs) + 2));
  if (right <= left) return;
  const away = scene.partitions !== 0 && span.partitions !== 0 && (span.partitions & scene.partitions) === 0;
  ctx.globalAlpha = away ? 0.15 : 1;
  ctx.fillStyle = barColour(scene, span);
  ctx.fillRect(left, y, Math.max(1, right - left - 1), height);
  if (right - left > labelWidthLeast && height >= labelHeightLeast) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, y, right - left - 3, height);
    ctx.clip();
    ctx.fillStyle = colours.ground;
    ctx.fillText(barText(span), left + 4, y + height / 2);
    ctx.restore();
  }
  ctx.globalAlpha = 1;
};

const barColour = ({ colours }: Scene, { kind, partitions, text }: PageSpan): string => {
  if (kind === 'fault') return colours.fault;
  if (kind === 'leads') return partitionColour(colours, partitions);
  return text.includes(': ') ? colours.call : colours.faint;
};

const barText = ({ kind, text }: PageSpan): string =>
  kind === 'leads' ? text.replace(/leads partition (\d+), epoch (\d+)/, 'p$1, epoch $2') : text.replace(/^kind /, '');
