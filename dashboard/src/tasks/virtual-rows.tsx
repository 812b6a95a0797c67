/**
 * Thousands of rows of one height, of which only those in sight are there. What is in sight stays where it is when rows come above.
 * Arrow keys move from row to row.
 */
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Rows beyond the edges that are there, so that fast scrolling shows no holes. */
const spare = 12;

export type RowsOptions<Row> = {
  readonly rows: readonly Row[];
  readonly rowHeight: number;
  readonly keyOf: (row: Row) => string;
  readonly label: string;
  readonly head: ComponentChildren;
  readonly columns: number;
  readonly render: (row: Row) => ComponentChildren;
  readonly foot: ComponentChildren;
  /** Called with the first and the last row in sight. */
  readonly onSight: (first: number, last: number) => void;
};

export const VirtualRows = <Row,>(options: RowsOptions<Row>): JSX.Element => {
  const { rows, rowHeight, keyOf, label, head, columns, render, foot, onSight } = options;
  const box = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ top: 0, height: 800 });
  const anchor = useRef<{ key: string; index: number } | undefined>(undefined);
  const wanted = useRef<string | undefined>(undefined);

  const look = (): void => {
    const element = box.current;
    if (element === null) return;
    setSight({ top: element.scrollTop, height: element.clientHeight });
  };

  // Rows that came above push down what is in sight: the place follows.
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || anchor.current === undefined || element.scrollTop < rowHeight) return;
    const { key, index } = anchor.current;
    if (rows[index] !== undefined && keyOf(rows[index]) === key) return;
    const now = rows.findIndex((row) => keyOf(row) === key);
    if (now !== -1) element.scrollTop += (now - index) * rowHeight;
  }, [rows]);

  useLayoutEffect(() => {
    look();
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const firstSeen = Math.min(Math.floor(sight.top / rowHeight), Math.max(0, rows.length - 1));
  const lastSeen = Math.min(rows.length - 1, Math.ceil((sight.top + sight.height) / rowHeight));
  const first = Math.max(0, firstSeen - spare);
  const last = Math.min(rows.length - 1, lastSeen + spare);

  useLayoutEffect(() => {
    const row = rows[firstSeen];
    anchor.current = row === undefined ? undefined : { key: keyOf(row), index: firstSeen };
    onSight(firstSeen, lastSeen);
    if (wanted.current !== undefined) {
      box.current
        ?.querySelector<HTMLElement>(`[data-key="${CSS.escape(wanted.current)}"] a`)
        ?.focus({ preventScroll: true });
      wanted.current = undefined;
    }
  });

  const onKey = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(sight.height / rowHeight) - 2);
    const move = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length }[
      event.key
    ];
    const key = (event.target as HTMLElement).closest('[data-key]')?.getAttribute('data-key');
    const element = box.current;
    if (move === undefined || key === null || key === undefined || element === null) return;
    event.preventDefault();
    const from = rows.findIndex((row) => keyOf(row) === key);
    const to = Math.max(0, Math.min(rows.length - 1, from + move));
    const row = rows[to];
    if (row === undefined) return;
    wanted.current = keyOf(row);
    const headHeight = rowHeight;
    const top = to * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight + headHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight + headHeight - element.clientHeight;
    look();
  };

  return (
    <div class="rows" ref={box} onScroll={look}>
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} aria-colcount={columns} onKeyDown={onKey}>
        <div role="rowgroup" class="rows-head">
          <div role="row" class="rows-row" aria-rowindex={1}>
            {head}
          </div>
        </div>
        <div role="rowgroup" class="rows-body" style={{ height: `${rows.length * rowHeight}px` }}>
          {rows.slice(first, last + 1).map((row, index) => (
            <div
              key={keyOf(row)}
              data-key={keyOf(row)}
              role="row"
              class="rows-row"
              aria-rowindex={first + index + 2}
              style={{ transform: `translateY(${(first + index) * rowHeight}px)` }}
            >
              {render(row)}
            </div>
          ))}
        </div>
      </div>
      {foot}
    </div>
  );
};
