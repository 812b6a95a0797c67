/** Progress as text: one line that fits a terminal, and one for logs. Pure. */
import { formatDuration } from '../values/duration.ts';
import { displayWidth, fitted, oneLine } from './display-width.ts';
import type { ProgressView } from './progress-state.ts';
import type { Style } from './style.ts';

const barCellsMax = 30;
const barCellsMin = 8;
const gap = 2;

/** `12,345` in every locale. */
export const countText = (value: number): string => {
  const rounded = Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 1 : 0);
  return rounded.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',');
};

const rateText = (perSecond: number): string =>
  perSecond >= 0.095
    ? `${countText(perSecond >= 100 ? Math.round(perSecond) : perSecond)}/s`
    : `${countText(perSecond * 60)}/min`;

/** Whole seconds: tenths would only flicker. */
const clockText = (ms: number): string => formatDuration(Math.round(ms / 1_000) * 1_000 || 1_000);

const piecesText = ({ pieces }: ProgressView): string | undefined => {
  if (pieces === undefined) return undefined;
  return pieces.total === undefined ? countText(pieces.done) : `${countText(pieces.done)}/${countText(pieces.total)}`;
};

const shareOf = ({ pieces }: ProgressView): number | undefined =>
  pieces?.total === undefined || pieces.total <= 0 ? undefined : Math.min(1, pieces.done / pieces.total);

/** Nothing is rounded up to a hundred before it is there. */
const percentText = (share: number): string => `${Math.floor(share * 100)}%`;

type Part = { readonly text: string; readonly rank: number };

/**
 * One line of at most `columns` columns. What does not fit is left out, the least important first: message, executors, rate,
 * percentage, the bar, the time left, the task's name.
 */
export const progressLine = (view: ProgressView, columns: number, style: Style): string => {
  const share = shareOf(view);
  const parts: Part[] = [{ text: view.task, rank: 1 }];
  const add = (rank: number, text: string | undefined): void => {
    if (text !== undefined && text !== '') parts.push({ text, rank });
  };
  add(0, piecesText(view) ?? clockText(view.elapsedMs));
  if (share !== undefined) add(4, percentText(share));
  if (view.perSecond !== undefined) add(5, rateText(view.perSecond));
  if (view.leftMs !== undefined) add(2, `${clockText(view.leftMs)} left`);
  if (view.executors !== undefined) add(6, `${view.executors.busy}/${view.executors.count} busy`);
  const message = oneLine(view.pieces?.message ?? '');

  const kept = [...parts];
  const width = (): number => kept.reduce((sum, { text }) => sum + displayWidth(text) + gap, -gap);
  while (width() > columns && kept.length > 1) {
    const least = kept.reduce((worst, part) => (part.rank > worst.rank ? part : worst));
    kept.splice(kept.indexOf(least), 1);
  }
  let room = columns - width() - gap;
  const cells = share === undefined ? 0 : Math.min(barCellsMax, room);
  const bar = share !== undefined && cells >= barCellsMin ? barOf(share, cells, style) : undefined;
  if (bar !== undefined) room -= cells + gap;
  const texts = kept.map(({ text, rank }) => (rank === 1 ? style.bold(text) : fitted(text, columns)));
  if (bar !== undefined) texts.splice(kept[0]?.rank === 1 ? 1 : 0, 0, bar);
  if (message !== '' && room >= barCellsMin) texts.push(style.dim(fitted(message, room)));
  return texts.join(' '.repeat(gap));
};

const barOf = (share: number, cells: number, style: Style): string => {
  const full = Math.floor(share * cells);
  const [on, off] = style.unicode ? ['━', '─'] : ['#', '-'];
  return style.accent(on.repeat(full)) + style.dim(off.repeat(cells - full));
};

/** One line for a log: everything, in words. */
export const progressSentence = (view: ProgressView): string => {
  const share = shareOf(view);
  const pieces = piecesText(view);
  const clauses = [
    pieces === undefined
      ? `running for ${clockText(view.elapsedMs)}`
      : `${pieces} pieces${share === undefined ? '' : ` (${percentText(share)})`}`,
  ];
  if (view.perSecond !== undefined) clauses.push(rateText(view.perSecond));
  if (view.leftMs !== undefined) clauses.push(`${clockText(view.leftMs)} left`);
  if (view.executors !== undefined) clauses.push(`${view.executors.busy}/${view.executors.count} executors busy`);
  const message = oneLine(view.pieces?.message ?? '');
  return `${view.task}: ${clauses.join(', ')}${message === '' ? '' : ` · ${message}`}`;
};
