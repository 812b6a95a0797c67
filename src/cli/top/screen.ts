/** The screen of `tutti top` as lines, as many as it has rows. What is wider than the terminal is cut there. Pure. */
import { stripVTControlCharacters } from 'node:util';
import { displayWidth, fitted, padded } from '../display-width.ts';
import { clusterFields, nodeFields } from '../overview-text.ts';
import { plainStyle, type Style } from '../style.ts';
import { renderFields } from '../table.ts';
import { type Listing, listingOf, type Seen } from './resource.ts';
import type { TopState } from './top-state.ts';

export type Size = { readonly columns: number; readonly rows: number };

const faultsShown = 3;
/** Titles, and the line at the bottom. */
const linesAround = 3;

export const listingOfState = ({ resource, filter }: TopState, seen: Seen): Listing =>
  listingOf(resource, seen, filter);

/** How many rows of the list are seen at once. */
export const pageOf = (seen: Seen | undefined, size: Size): number =>
  seen === undefined ? 1 : Math.max(1, size.rows - headLines(seen, plainStyle, size.columns).length - linesAround);

/** `lost`: why nothing comes any more. */
export const screenLines = (
  state: TopState,
  seen: Seen | undefined,
  lost: string | undefined,
  size: Size,
  style: Style,
): readonly string[] => {
  const { columns, rows } = size;
  const bottom = bottomLine(state, lost, columns, style);
  if (state.help) return filled(helpLines, bottom, size);
  if (seen === undefined) return filled([fitted(lost ?? 'Asking the node …', columns)], bottom, size);
  const head = headLines(seen, style, columns);
  const room = Math.max(1, rows - head.length - linesAround);
  const listing = listingOfState(state, seen);
  const selected = Math.max(
    0,
    listing.rows.findIndex(({ id }) => id === state.selected),
  );
  const from = Math.max(0, Math.min(selected - Math.floor(room / 2), listing.rows.length - room));
  const { title, rows: lines } = listing.render(style, columns);
  const shown = lines
    .slice(from, from + room)
    .map((line, at) => (from + at === selected ? inverse(line, columns) : line));
  return filled([...head, titleLine(state, listing, columns, style), title, ...shown], bottom, size);
};

/** No more lines than there are rows, the last of them at the bottom. */
const filled = (lines: readonly string[], bottom: string, { rows }: Size): readonly string[] => {
  const body = lines.slice(0, Math.max(0, rows - 1));
  return [...body, ...Array.from({ length: Math.max(0, rows - 1 - body.length) }, () => ''), bottom];
};

const headLines = ({ overview }: Seen, style: Style, columns: number): readonly string[] => {
  const { cluster } = overview;
  const fields = [...(cluster === undefined ? [] : clusterFields(cluster, plainStyle)), ...nodeFields(overview)];
  const faults = cluster?.faults ?? [];
  const shown = faults.slice(0, faults.length > faultsShown ? faultsShown - 1 : faultsShown);
  const more = faults.length - shown.length;
  return [
    ...renderFields(fields, plainStyle).map((line) => fitted(line, columns)),
    ...shown.map(({ what }) => style.bad(fitted(`! ${what}`, columns))),
    ...(more === 0 ? [] : [style.bad(fitted(`! and ${more} more (:faults)`, columns))]),
  ];
};

const titleLine = ({ resource, filter }: TopState, { rows }: Listing, columns: number, style: Style): string => {
  const text = fitted(`${resource} (${rows.length})${filter === '' ? '' : ` /${filter}`} `, columns);
  const rule = style.unicode ? '─' : '-';
  return style.bold(text) + style.dim(rule.repeat(Math.max(0, columns - displayWidth(text))));
};

const bottomLine = (
  { prompt, message, help }: TopState,
  lost: string | undefined,
  columns: number,
  style: Style,
): string => {
  if (prompt !== undefined) return fitted(`${prompt.kind}${prompt.text}█`, columns);
  if (message !== undefined) return style.bad(fitted(message, columns));
  if (lost !== undefined) return style.bad(fitted(lost, columns));
  return style.dim(fitted(help ? 'any key goes back' : '? help   : resource   / filter   q quit', columns));
};

/** The row that is selected: without its own colours, which would end the bar. */
const inverse = (line: string, columns: number): string =>
  `\u001b[7m${padded(stripVTControlCharacters(line), columns)}\u001b[27m`;

const helpLines = [
  'tutti top: a node and its cluster, live',
  '',
  '  :nodes  :partitions  :functions  :tasks  :moves  :faults   (a beginning is enough; words behind it are a filter)',
  '  /text        only rows with this text; Escape takes it away',
  '  up, down     a row; also k and j. Page up, page down; Home and End, g and G',
  "  Enter        what belongs to a row: a node's partitions, a function's tasks",
  '  Escape       takes the filter away; then back to where one came from',
  '  Tab          the next resource',
  '  Ctrl-L       draws all of it again',
  '  q, Ctrl-C    ends',
];
