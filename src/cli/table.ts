/** Tables as text. The columns stay the same whatever is in them; a column that must give way is named by its maker. Pure. */
import { displayWidth, fitted, oneLine, padded } from './display-width.ts';
import type { Style } from './style.ts';

export type Column<Row> = {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly align?: 'right';
  /** May be shortened on a narrow terminal, down to this width. */
  readonly widthMin?: number;
  readonly paint?: (text: string, row: Row) => string;
};

const gap = '  ';

/** Lines, the titles first. `columns` is how wide the output is; undefined: as wide as it takes. */
export const renderTable = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
  widthMax?: number,
): readonly string[] => {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.text(row))));
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...cells.map((line) => displayWidth(line[index]!))),
  );
  if (widthMax !== undefined) shrink(columns, widths, widthMax);
  const lineOf = (texts: readonly string[], paint: (text: string, index: number) => string): string =>
    texts
      .map((text, index) => {
        const short = fitted(text, widths[index]!);
        const space = ' '.repeat(Math.max(0, widths[index]! - displayWidth(short)));
        const shown = paint(short, index);
        return columns[index]!.align === 'right' ? space + shown : shown + space;
      })
      .join(gap)
      .trimEnd();
  return [
    lineOf(
      columns.map(({ title }) => title),
      (text) => style.dim(text),
    ),
    ...cells.map((line, at) => lineOf(line, (text, index) => columns[index]!.paint?.(text, rows[at]!) ?? text)),
  ];
};

/** Takes what is too much from the widest column that may give. */
const shrink = <Row>(columns: readonly Column<Row>[], widths: number[], widthMax: number): void => {
  let over = widths.reduce((sum, width) => sum + width + gap.length, -gap.length) - widthMax;
  while (over > 0) {
    let widest = -1;
    for (const [index, { widthMin }] of columns.entries())
      if (widthMin !== undefined && widths[index]! > widthMin && (widest < 0 || widths[index]! > widths[widest]!))
        widest = index;
    if (widest < 0) return;
    widths[widest]!--;
    over--;
  }
};

/** Names and values below each other; those without a value are left out. */
export const renderFields = (
  fields: readonly (readonly [name: string, value: string | undefined])[],
  style: Style,
): readonly string[] => {
  const present = fields.filter((field): field is readonly [string, string] => field[1] !== undefined);
  const width = Math.max(0, ...present.map(([name]) => displayWidth(name)));
  return present.map(([name, value]) => `${style.dim(padded(name, width))}${gap}${value}`);
};
