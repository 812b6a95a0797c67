/** Draws the scene: what lasts, what happened over it, the violation over all, and the names of the lanes. */
import { drawLanes } from './draw-lanes.ts';
import { drawThings } from './draw-things.ts';
import { msText, type Thing } from './model.ts';
import { type Scene, xOf } from './scene.ts';

export const font = '12px system-ui, sans-serif';

/** Fits a surface to its place on the page, in the points of the screen. */
export const sized = (canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D => {
  const scale = window.devicePixelRatio;
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
    canvas.style.height = `${height}px`;
  }
  const ctx = canvas.getContext('2d') as CanvasRenderingContext2D;
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.font = font;
  ctx.textBaseline = 'middle';
  return ctx;
};

/** Returns what was drawn and can be pointed at. */
export const drawScene = (canvas: HTMLCanvasElement, scene: Scene): readonly Thing[] => {
  const { lanes, width, gutter, colours, model } = scene;
  const last = lanes.at(-1);
  const height = last === undefined ? 0 : last.y + last.height;
  const ctx = sized(canvas, width, height);
  ctx.fillStyle = colours.ground;
  ctx.fillRect(0, 0, width, height);
  drawLanes(ctx, scene, hatch(ctx, colours.down));
  ctx.save();
  ctx.beginPath();
  ctx.rect(gutter, 0, width - gutter, height);
  ctx.clip();
  const drawn = drawThings(ctx, scene);
  drawMark(ctx, scene, model.run.calmUs, colours.faint, height, [3, 3]);
  if (model.run.broken !== undefined) drawMark(ctx, scene, model.run.broken.atUs, colours.trouble, height, []);
  ctx.restore();
  drawNames(ctx, scene, height);
  return drawn;
};

const drawMark = (
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  us: number,
  colour: string,
  height: number,
  dash: number[],
): void => {
  const x = xOf(scene, us);
  if (x < scene.gutter || x > scene.width) return;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x, 0);
  ctx.lineTo(x, height);
  ctx.stroke();
  ctx.setLineDash([]);
};

const drawNames = (ctx: CanvasRenderingContext2D, { lanes, gutter, colours }: Scene, height: number): void => {
  ctx.fillStyle = colours.ground;
  ctx.fillRect(0, 0, gutter, height);
  for (const { name, y, lineY, height: laneHeight } of lanes) {
    ctx.fillStyle = colours.line;
    ctx.fillRect(0, y + laneHeight - 1, gutter, 1);
    ctx.fillStyle = name.includes(' executors') ? colours.faint : colours.text;
    ctx.fillText(name, 8, lineY, gutter - 12);
  }
  ctx.fillStyle = colours.line;
  ctx.fillRect(gutter - 1, 0, 1, height);
};

/** Times over the lanes, and what the marks are. */
export const drawAxis = (canvas: HTMLCanvasElement, scene: Scene): void => {
  const { width, gutter, colours, view, model } = scene;
  const height = 34;
  const ctx = sized(canvas, width, height);
  ctx.fillStyle = colours.ground;
  ctx.fillRect(0, 0, width, height);
  ctx.fillStyle = colours.faint;
  ctx.fillText('ms', 8, height - 9);
  const stepUs = niceStep((view.toUs - view.fromUs) / Math.max(1, (width - gutter) / 110));
  for (let us = Math.ceil(view.fromUs / stepUs) * stepUs; us <= view.toUs; us += stepUs) {
    const x = xOf(scene, us);
    ctx.fillRect(x, height - 4, 1, 4);
    ctx.fillText(stepUs < 1_000 ? msText(us) : `${us / 1_000}`, x + 3, height - 9);
  }
  const flag = (us: number, text: string, colour: string): void => {
    const x = xOf(scene, us);
    if (x < gutter || x > width) return;
    const textWidth = ctx.measureText(text).width + 10;
    const left = Math.min(x, width - textWidth);
    ctx.fillStyle = colour;
    ctx.fillRect(left, 0, textWidth, 16);
    ctx.fillRect(x - 1, 0, 2, height);
    ctx.fillStyle = colours.ground;
    ctx.fillText(text, left + 5, 8);
  };
  flag(model.run.calmUs, 'faults end', colours.faint);
  if (model.run.broken !== undefined) flag(model.run.broken.atUs, `law: ${model.run.broken.law}`, colours.trouble);
};

/** The next of 1, 2, 5, 10 … */
const niceStep = (us: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, us)));
  return power * ([1, 2, 5, 10].find((times) => times * power >= us) ?? 10);
};

const hatch = (ctx: CanvasRenderingContext2D, colour: string): CanvasPattern | null => {
  const tile = document.createElement('canvas');
  tile.width = 6;
  tile.height = 6;
  const pen = tile.getContext('2d') as CanvasRenderingContext2D;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(-1, 7);
  pen.lineTo(7, -1);
  pen.stroke();
  return ctx.createPattern(tile, 'repeat');
};
