/** The things in view as lines. Of many thousands only those that can be seen are on the page. */
import { fateText, type Model, msText, placeText, type Thing } from './model.ts';

const rowHeight = 22;
const rowsBeyond = 5;

export type List = {
  /** `anew`: from the first one on, unless the selected one can be shown. */
  readonly show: (things: readonly Thing[], selected: Thing | undefined, anew: boolean) => void;
  /** Scrolls so far that a thing can be seen. */
  readonly reveal: (thing: Thing) => void;
};

export const listIn = (
  box: HTMLElement,
  model: Model,
  on: { readonly select: (thing: Thing) => void; readonly hover: (thing: Thing | undefined) => void },
): List => {
  const space = document.createElement('div');
  space.className = 'space';
  box.append(space);
  let things: readonly Thing[] = [];
  let selected: Thing | undefined;

  const render = (): void => {
    const first = Math.max(0, Math.floor(box.scrollTop / rowHeight) - rowsBeyond);
    const last = Math.min(things.length, Math.ceil((box.scrollTop + box.clientHeight) / rowHeight) + rowsBeyond);
    space.replaceChildren(
      ...things
        .slice(first, last)
        .map((thing, at) => rowOf(model, thing, (first + at) * rowHeight, thing === selected)),
    );
  };
  /** False: it is not in the list. */
  const reveal = (thing: Thing): boolean => {
    const at = things.indexOf(thing);
    if (at < 0) return false;
    const top = at * rowHeight;
    if (top < box.scrollTop || top + rowHeight > box.scrollTop + box.clientHeight)
      box.scrollTop = top - box.clientHeight / 2;
    return true;
  };
  const thingAt = (event: Event): Thing | undefined => {
    const row = (event.target as Element).closest<HTMLElement>('.row');
    return row === null ? undefined : model.things[Number(row.dataset['number'])];
  };
  box.addEventListener('scroll', render);
  space.addEventListener('click', (event) => {
    const thing = thingAt(event);
    if (thing !== undefined) on.select(thing);
  });
  space.addEventListener('mouseover', (event) => on.hover(thingAt(event)));
  space.addEventListener('mouseleave', () => on.hover(undefined));
  new ResizeObserver(render).observe(box);
  return {
    show: (shown, chosen, anew) => {
      things = shown;
      selected = chosen;
      // The space first: a list that is shorter cannot be scrolled further.
      space.style.height = `${things.length * rowHeight}px`;
      if (anew && (chosen === undefined || !reveal(chosen))) box.scrollTop = 0;
      render();
    },
    reveal: (thing) => {
      if (reveal(thing)) render();
    },
  };
};

const rowOf = (model: Model, thing: Thing, top: number, isSelected: boolean): HTMLElement => {
  const { kinds, texts } = model.run;
  const kind = kinds[thing.kind] as string;
  const row = document.createElement('div');
  row.className = 'row';
  if (isSelected) row.classList.add('selected');
  if (kind === 'VIOLATED') row.classList.add('broken');
  if (thing.fate === 'lost' || thing.fate === 'cut') row.classList.add('trouble');
  if (thing.arrivesUs === undefined) row.classList.add('event');
  row.dataset['number'] = `${thing.number}`;
  row.style.top = `${top}px`;
  const fate = fateText(model, thing);
  const cells: readonly (readonly [string, string])[] = [
    ['time', msText(thing.atUs)],
    ['place', placeText(model, thing)],
    ['what', `${kind} ${texts[thing.text]}${fate === '' ? '' : ` (${fate})`}`],
  ];
  for (const [name, text] of cells) {
    const cell = document.createElement('span');
    cell.className = name;
    cell.textContent = text;
    row.append(cell);
  }
  row.title = cells[2]?.[1] ?? '';
  return row;
};
