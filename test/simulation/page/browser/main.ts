/** The page of a run: draws it, and follows whoever looks. */
import type { PageRun } from '../page-data.ts';
import { readColours } from './colours.ts';
import { buildFilters, byId, showVerdict } from './controls.ts';
import { drawAxis, drawScene } from './draw.ts';
import { filtered, newFilter } from './filter.ts';
import { layoutOf } from './layout.ts';
import { listIn } from './list.ts';
import { modelOf, type Thing } from './model.ts';
import { drawOverview } from './overview.ts';
import { spanLines, spansAt, thingAt, thingLines } from './pointing.ts';
import { type Scene, thingsWithin, usOf, type View } from './scene.ts';
import { clamped, moved, opening, wholeRun, zoomed } from './view.ts';

const model = modelOf(JSON.parse(byId('run').textContent ?? '') as PageRun);
const { run } = model;
const lanes = layoutOf(model);
const filter = newFilter();
const plot = byId<HTMLCanvasElement>('plot');
const axis = byId<HTMLCanvasElement>('axis');
const overview = byId<HTMLCanvasElement>('overview');
const tip = byId('tip');
let colours = readColours();
let shown = model.things;
let view: View = opening(run, model.things);
let selected: Thing | undefined;
let hovered: Thing | undefined;
let drawn: readonly Thing[] = [];
let planned = false;
/** What the list was last made of. */
let listed: { readonly view?: View; readonly shown?: readonly Thing[]; readonly selected?: Thing | undefined } = {};

const scene = (): Scene => {
  const width = plot.clientWidth;
  return {
    model,
    lanes,
    shown,
    partitions: filter.partitions,
    view,
    selected,
    hovered,
    colours,
    width,
    gutter: width < 640 ? 78 : 112,
  };
};

const draw = (): void => {
  planned = false;
  const now = scene();
  drawn = drawScene(plot, now);
  drawAxis(axis, now);
  drawOverview(overview, now);
  showList();
  document.body.dataset['ready'] = 'true';
};

/** Lines that are the same stay: whoever points at one keeps it. */
const showList = (): void => {
  const isAnew = listed.view !== view || listed.shown !== shown;
  if (!isAnew && listed.selected === selected) return;
  listed = { view, shown, selected };
  const within = thingsWithin(shown, view);
  list.show(within, selected, isAnew);
  byId('count').textContent = `${within.length} of ${model.things.length}`;
};

const redraw = (): void => {
  if (planned) return;
  planned = true;
  requestAnimationFrame(draw);
};

const look = (to: View): void => {
  view = to;
  tip.hidden = true;
  redraw();
};

const select = (thing: Thing | undefined): void => {
  selected = thing;
  // What a violation says stands above.
  byId('details').hidden = thing === undefined || run.kinds[thing.kind] === 'VIOLATED';
  byId('details-text').textContent = thing === undefined ? '' : thingLines(model, thing).join('\n');
  redraw();
};

const list = listIn(byId('list'), model, {
  select,
  hover: (thing) => {
    if (hovered === thing) return;
    hovered = thing;
    redraw();
  },
});

/** Looks at a thing, and a little around it. */
const goTo = (thing: Thing): void => {
  const longUs = view.toUs - view.fromUs;
  if (thing.atUs < view.fromUs || thing.atUs > view.toUs)
    view = clamped(run, { fromUs: thing.atUs - longUs / 2, toUs: thing.atUs + longUs / 2 });
  select(thing);
  draw();
  list.reveal(thing);
};

const goToViolation = (): void => {
  view = opening(run, model.things);
  const broken = shown.find(({ kind }) => run.kinds[kind] === 'VIOLATED');
  if (broken === undefined) redraw();
  else goTo(broken);
};

/** The next thing that the filter leaves, or the one before. */
const step = (by: 1 | -1): void => {
  const at = selected === undefined ? -1 : shown.indexOf(selected);
  const within = thingsWithin(shown, view);
  const next = at < 0 ? within[0] : shown[at + by];
  if (next !== undefined) goTo(next);
};

const zoom = (by: number): void => look(zoomed(run, view, by, (view.fromUs + view.toUs) / 2));

const keys: Readonly<Record<string, () => void>> = {
  ArrowLeft: () => look(moved(run, view, -0.2)),
  ArrowRight: () => look(moved(run, view, 0.2)),
  '+': () => zoom(1 / 1.5),
  '=': () => zoom(1 / 1.5),
  '-': () => zoom(1.5),
  Home: () => look(clamped(run, { fromUs: 0, toUs: view.toUs - view.fromUs })),
  End: () => look(clamped(run, { fromUs: run.endUs - (view.toUs - view.fromUs), toUs: run.endUs })),
  '0': () => look(wholeRun(run)),
  v: goToViolation,
  n: () => step(1),
  p: () => step(-1),
  Escape: () => select(undefined),
  '/': () => byId('search').focus(),
};

document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement && event.target.type === 'search';
  if (typing && event.key === 'Escape') (event.target as HTMLInputElement).blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = keys[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});

const buttons: Readonly<Record<string, () => void>> = {
  'zoom-in': () => zoom(1 / 2),
  'zoom-out': () => zoom(2),
  earlier: () => look(moved(run, view, -0.5)),
  later: () => look(moved(run, view, 0.5)),
  whole: () => look(wholeRun(run)),
  violation: goToViolation,
  'details-close': () => select(undefined),
};
for (const [id, act] of Object.entries(buttons)) byId(id).addEventListener('click', act);
byId('violation').hidden = run.broken === undefined;

// --- Pointing

const wheelZooms = (event: WheelEvent): void => {
  event.preventDefault();
  const long = view.toUs - view.fromUs;
  const sideways = event.shiftKey ? event.deltaY : event.deltaX;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    const byUs = (sideways / plot.clientWidth) * long;
    look(clamped(run, { fromUs: view.fromUs + byUs, toUs: view.toUs + byUs }));
    return;
  }
  look(zoomed(run, view, 1.0015 ** event.deltaY, usOf(scene(), event.offsetX)));
};
for (const surface of [plot, axis])
  surface.addEventListener(
    'wheel',
    (event) => {
      // Over the names of the lanes the wheel scrolls them.
      if (event.offsetX >= scene().gutter) wheelZooms(event);
    },
    { passive: false },
  );

let dragged: { readonly pointer: number; readonly x: number; readonly y: number; readonly view: View } | undefined;
plot.addEventListener('pointerdown', (event) => {
  dragged = { pointer: event.pointerId, x: event.clientX, y: event.clientY, view };
});
plot.addEventListener('pointermove', (event) => {
  if (dragged?.pointer === event.pointerId && event.buttons > 0) {
    if (Math.abs(event.clientX - dragged.x) > 3) plot.setPointerCapture(event.pointerId);
    const { width, gutter } = scene();
    const byUs = ((dragged.x - event.clientX) / (width - gutter)) * (dragged.view.toUs - dragged.view.fromUs);
    look(clamped(run, { fromUs: dragged.view.fromUs + byUs, toUs: dragged.view.toUs + byUs }));
    return;
  }
  const thing = thingAt(scene(), drawn, event.offsetX, event.offsetY);
  const lines =
    thing !== undefined
      ? thingLines(model, thing)
      : spansAt(scene(), event.offsetX, event.offsetY).flatMap((span) => spanLines(span));
  showTip(lines, event.clientX, event.clientY);
  if (hovered === thing) return;
  hovered = thing;
  redraw();
});
plot.addEventListener('pointerup', (event) => {
  const still = dragged !== undefined && Math.hypot(event.clientX - dragged.x, event.clientY - dragged.y) < 4;
  dragged = undefined;
  if (!still) return;
  const thing = thingAt(scene(), drawn, event.offsetX, event.offsetY);
  select(thing);
  if (thing === undefined) return;
  draw();
  list.reveal(thing);
});
plot.addEventListener('pointercancel', () => {
  dragged = undefined;
});
plot.addEventListener('pointerleave', () => {
  tip.hidden = true;
  hovered = undefined;
  redraw();
});

const showTip = (lines: readonly string[], x: number, y: number): void => {
  tip.hidden = lines.length === 0;
  tip.textContent = lines.join('\n');
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 14, window.innerWidth - width - 8))}px`;
  tip.style.top = `${y + 18 + height > window.innerHeight ? y - height - 12 : y + 18}px`;
};

const lookFromOverview = (event: PointerEvent): void => {
  if (event.buttons === 0) return;
  const at = usOf({ ...scene(), view: { fromUs: 0, toUs: Math.max(1, run.endUs) } }, event.offsetX);
  const longUs = view.toUs - view.fromUs;
  look(clamped(run, { fromUs: at - longUs / 2, toUs: at + longUs / 2 }));
};
overview.addEventListener('pointerdown', lookFromOverview);
overview.addEventListener('pointermove', lookFromOverview);

// --- Beginning

showVerdict(model);
buildFilters(model, filter, () => {
  shown = filtered(model, filter);
  redraw();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  colours = readColours();
  redraw();
});
new ResizeObserver(redraw).observe(plot);
if (run.broken === undefined) draw();
else goToViolation();
