/** What is above the lanes: the verdict, and the filters. */

import { partitionColour, readColours } from './colours.ts';
import type { Filter } from './filter.ts';
import type { Model } from './model.ts';

export const byId = <T extends HTMLElement>(id: string): T => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no ${id}.`);
  return found as T;
};

export const showVerdict = ({ run, things }: Model): void => {
  const { workload, seed, broken, nodes, partitions, faults, digest, again, endUs } = run;
  document.title = `${workload} seed ${seed}${broken === undefined ? '' : `: ${broken.law}`}`;
  byId('title').textContent = `${workload}, seed ${seed}`;
  const verdict = byId('verdict');
  verdict.textContent = broken === undefined ? 'every law held' : `breaks the law “${broken.law}”`;
  verdict.className = broken === undefined ? 'held' : 'broken';
  byId('what').textContent = broken?.what ?? '';
  byId('about').textContent =
    `${nodes} nodes, ${partitions} partitions, ${faults} faults, ${(endUs / 1_000_000).toFixed(1)} virtual seconds, ` +
    `${things.length} events and messages, digest ${digest}`;
  byId('again').textContent = again;
};

/** Builds the filters; `changed` is called when one is changed. */
export const buildFilters = (model: Model, filter: Filter, changed: () => void): void => {
  const { lanes, kinds, partitions } = model.run;
  const search = byId<HTMLInputElement>('search');
  search.addEventListener('input', () => {
    filter.text = search.value;
    changed();
  });
  const trouble = byId<HTMLInputElement>('trouble');
  trouble.addEventListener('change', () => {
    filter.troubleOnly = trouble.checked;
    changed();
  });
  const colours = readColours();
  for (let partition = 0; partition < partitions; partition++) {
    const chip = chipFor(`${partition}`, (on) => {
      filter.partitions = on ? filter.partitions | (1 << partition) : filter.partitions & ~(1 << partition);
      changed();
    });
    chip.style.setProperty('--mark', partitionColour(colours, 1 << partition));
    byId('partitions').append(chip);
  }
  for (const [number, name] of lanes.entries())
    byId('places').append(
      chipFor(name, (on) => {
        if (on) filter.lanes.add(number);
        else filter.lanes.delete(number);
        changed();
      }),
    );
  buildKinds(model, kinds, filter, changed);
};

const chipFor = (text: string, toggled: (on: boolean) => void): HTMLButtonElement => {
  const chip = document.createElement('button');
  chip.type = 'button';
  chip.className = 'chip';
  chip.textContent = text;
  chip.setAttribute('aria-pressed', 'false');
  chip.addEventListener('click', () => {
    const on = chip.getAttribute('aria-pressed') === 'false';
    chip.setAttribute('aria-pressed', `${on}`);
    toggled(on);
  });
  return chip;
};

const buildKinds = ({ things }: Model, kinds: readonly string[], filter: Filter, changed: () => void): void => {
  const counts = kinds.map(() => 0);
  for (const { kind } of things) counts[kind] = (counts[kind] as number) + 1;
  const boxes: HTMLInputElement[] = [];
  const set = (kind: number, on: boolean): void => {
    if (on) filter.hiddenKinds.delete(kind);
    else filter.hiddenKinds.add(kind);
  };
  const inOrder = [...kinds.entries()].sort(([, a], [, b]) => (a < b ? -1 : 1));
  for (const [kind, name] of inOrder) {
    const label = document.createElement('label');
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.checked = true;
    box.addEventListener('change', () => {
      set(kind, box.checked);
      changed();
    });
    boxes.push(box);
    label.append(box, ` ${name} (${counts[kind]})`);
    byId('kinds').append(label);
  }
  const all = (on: boolean): void => {
    for (const [at, [kind]] of inOrder.entries()) {
      (boxes[at] as HTMLInputElement).checked = on;
      set(kind, on);
    }
    changed();
  };
  byId('kinds-all').addEventListener('click', () => all(true));
  byId('kinds-none').addEventListener('click', () => all(false));
};
