/** The whole run in one strip: faults, leaderships, how much went on, and the part that is looked at. */

import { partitionColour } from './colours.ts';
import { sized } from './draw.ts';
import { countBefore } from './model.ts';
import { type Scene, xOf } from './scene.ts';

export const overviewHeight = 46;

/** The scene with all of the run in view. */
const wholeOf = (scene: Scene): Scene => ({ ...scene, view: { fromUs: 0, toUs: Math.max(1, scene.model.run.endUs) } });

export const drawOverview = (canvas: HTMLCanvasElement, scene: Scene): void => {
  const whole = wholeOf(scene);
  const { colours, width, gutter, model, shown } = whole;
  const ctx = sized(canvas, width, overviewHeight);
  ctx.fillStyle = colours.lane;
  ctx.fillRect(0, 0, width, overviewHeight);
  const counts: number[] = [];
  for (let x = gutter; x < width; x++) {
    const usPerPixel = whole.view.toUs / (width - gutter);
    const from = (x - gutter) * usPerPixel;
    counts.push(countBefore(shown, from + usPerPixel) - countBefore(shown, from));
  }
  const most = Math.max(1, ...counts);
  ctx.fillStyle = colours.call;
  for (const [at, count] of counts.entries()) {
    const high = Math.ceil(22 * Math.sqrt(count / most));
    ctx.fillRect(gutter + at, overviewHeight - high, 1, high);
  }
  for (const { kind, fromUs, untilUs, partitions } of model.run.spans) {
    const left = xOf(whole, fromUs);
    const across = Math.max(1.5, xOf(whole, untilUs) - left);
    if (kind === 'fault') {
      ctx.fillStyle = colours.fault;
      ctx.fillRect(left, 2, across, 6);
    } else if (kind === 'leads') {
      ctx.fillStyle = partitionColour(colours, partitions);
      ctx.fillRect(left, 10 + (Math.log2(partitions || 1) % 4) * 3, across, 2);
    }
  }
  if (model.run.broken !== undefined) {
    ctx.fillStyle = colours.trouble;
    ctx.fillRect(xOf(whole, model.run.broken.atUs) - 1, 0, 3, overviewHeight);
  }
  ctx.fillStyle = colours.faint;
  ctx.fillText('whole run', 8, overviewHeight / 2, gutter - 12);
  const left = xOf(whole, scene.view.fromUs);
  const right = Math.max(left + 3, xOf(whole, scene.view.toUs));
  ctx.strokeStyle = colours.selected;
  ctx.lineWidth = 2;
  ctx.strokeRect(left, 1, right - left, overviewHeight - 2);
};
