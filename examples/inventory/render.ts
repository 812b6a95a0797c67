/**
 * An inventory as text for people: aligned tables, the same bytes for the same inventory, width and colour. Pure.
 *
 * What comes from file names and file contents is escaped, so that no name can move the cursor or break a table. With a width,
 * long cells are cut in their middle; without one (output to a file or pipe) nothing is cut.
 */
import { wordLettersMin } from './count-words.ts';
import type { Inventory, NoteKind } from './inventory.ts';

export type RenderOptions = {
  /** Columns of the terminal; absent: no cell is cut. */
  readonly width?: number;
  /** Headings in bold. Default false. */
  readonly colour?: boolean;
};

/** A table's columns: the first cell is text on the left; numbers stand on the right. */
type Cell = string | number;
type Table = {
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly foot?: readonly Cell[];
};

const notesShown = 10;
const namesShown = 8;

const noteTitles: Readonly<Record<NoteKind, string>> = {
  unreadable: 'could not be read',
  vanished: 'vanished during the run',
  changed: 'changed during the run',
  'broken-link': 'link to nothing',
  'not-a-file': 'not a file, not opened',
  'bad-package': 'package.json not understood',
  'words-left-out': 'too many different words',
  'invalid-utf8': 'text that is not UTF-8',
  'odd-name': 'unusual name',
  'skipped-folder': 'folder left out',
  'empty-folder': 'empty folder',
  binary: 'binary file',
};

/** The whole inventory, ending with a line end. */
export function render(inventory: Inventory, options: RenderOptions = {}): string {
  const tables = [
    overviewOf(inventory),
    languagesOf(inventory),
    licencesOf(inventory),
    largestOf(inventory),
    duplicatesOf(inventory),
    wordsOf(inventory),
    notesOf(inventory),
  ];
  return tables
    .filter(({ rows }) => rows.length > 0)
    .map((table) => renderTable(table, options))
    .join('\n');
}

/** `1234567` as `1,234,567`, in every locale. */
export const withThousands = (number: number): string => String(number).replace(/\B(?=(\d{3})+$)/g, ',');

/** Makes control characters, line ends and marks that change the direction of text visible: `\n`, `\u{1b}`. */
export const escapeControls = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, (character) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return short ?? `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });

function overviewOf({ counts, packages }: Inventory): Table {
  const rows: [string, number][] = [
    ['files', counts.files],
    ['bytes', counts.bytes],
    ['binary files', counts.binaryFiles],
    ['empty files', counts.emptyFiles],
    ['folders', counts.folders],
    ['packages', packages.length],
    ['links, not followed', counts.links],
    ['pipes, sockets, devices', counts.specials],
    ['files lost', counts.lost],
  ];
  return { title: 'Inventory', heads: ['', 'count'], rows: rows.filter(([, count], at) => at < 2 || count > 0) };
}

function languagesOf({ languages }: Inventory): Table {
  const numbers = languages.map(({ files, code, comment, blank, bytes }) => [files, code, comment, blank, bytes]);
  const totals = [0, 1, 2, 3, 4].map((at) => numbers.reduce((total, row) => total + row[at]!, 0));
  return {
    title: 'Languages',
    heads: ['language', 'files', 'code', 'comment', 'blank', 'bytes'],
    rows: languages.map(({ language }, at) => [language, ...numbers[at]!]),
    foot: ['total', ...totals],
  };
}

function licencesOf({ licences, packages }: Inventory): Table {
  const names = Map.groupBy(packages, ({ licence }) => licence);
  return {
    title: 'Licences of packages',
    heads: ['licence', 'packages', 'such as'],
    rows: licences.map((total) => {
      const distinct = [...new Set(names.get(total.licence)?.map(({ name }) => name))];
      const rest = distinct.length > namesShown ? ', …' : '';
      return [total.licence, total.packages, distinct.slice(0, namesShown).join(', ') + rest];
    }),
  };
}

const largestOf = ({ largest }: Inventory): Table => ({
  title: 'Largest files',
  heads: ['path', 'bytes'],
  rows: largest.map(({ path, bytes }) => [path, bytes]),
});

function duplicatesOf({ duplicates }: Inventory): Table {
  const { groups, files, wastedBytes, top } = duplicates;
  return {
    title: `Duplicate files (groups: ${withThousands(groups)}, surplus copies: ${withThousands(files)}, bytes: ${withThousands(wastedBytes)})`,
    heads: ['first path', 'copies', 'bytes each', 'bytes wasted'],
    rows: top.map(({ paths, count, bytes, wastedBytes: wasted }) => [paths[0] ?? '', count, bytes, wasted]),
  };
}

function wordsOf({ words }: Inventory): Table {
  const { total, distinct, top } = words;
  return {
    title: `Most frequent words in Markdown (of ${wordLettersMin} letters or more; different: ${withThousands(distinct)}, in all: ${withThousands(total)})`,
    heads: ['word', 'times'],
    rows: top.map(([word, count]) => [word, count]),
  };
}

function notesOf({ notes }: Inventory): Table {
  return {
    title: 'Notes',
    heads: ['what', 'count', 'where'],
    rows: notes.flatMap(({ kind, count, first }) => {
      const places = first.slice(0, notesShown).map(({ path, detail }) => {
        return (path === '' ? '.' : path) + (detail === '' ? '' : ` (${detail})`);
      });
      if (count > places.length) {
        places.push(`… and ${withThousands(count - places.length)} more`);
      }
      return places.map((place, at) => (at === 0 ? [noteTitles[kind], count, place] : ['', '', place]));
    }),
  };
}

function renderTable({ title, heads, rows, foot }: Table, { width, colour = false }: RenderOptions): string {
  const lines = [heads, ...rows, ...(foot === undefined ? [] : [foot])].map((row) =>
    row.map((cell) => (typeof cell === 'number' ? withThousands(cell) : escapeControls(cell))),
  );
  const isRight = heads.map((_, at) => typeof rows[0]?.[at] === 'number');
  const widths = narrowed(
    heads.map((_, at) => lines.reduce((most, line) => Math.max(most, columnsOf(line[at]!)), 0)),
    isRight,
    width,
  );
  const body = lines.map((line) => {
    const cells = line.map((cell, at) => pad(shorten(cell, widths[at]!), widths[at]!, isRight[at]!));
    return `  ${cells.join('  ')}`.trimEnd();
  });
  const rule = `  ${widths.map((columns) => '─'.repeat(columns)).join('  ')}`;
  const [head, ...rest] = body;
  const footLines = foot === undefined ? [] : [rule, ...rest.splice(-1)];
  return `${[colour ? `\u001b[1m${title}\u001b[22m` : title, head, rule, ...rest, ...footLines].join('\n')}\n`;
}

/** Narrows the widest text column, and then the next, until the table fits; never below a dozen columns. */
function narrowed(
  widths: readonly number[],
  isRight: readonly boolean[],
  width: number | undefined,
): readonly number[] {
  const fitted = [...widths];
  const surplus = (): number => fitted.reduce((total, columns) => total + columns + 2, 0) - (width ?? Infinity);
  while (surplus() > 0) {
    const widest = Math.max(...fitted.filter((_, at) => !isRight[at]));
    if (widest <= 12) {
      break;
    }
    fitted[fitted.findIndex((columns, at) => columns === widest && !isRight[at])] = widest - 1;
  }
  return fitted;
}

/** Cuts the middle out, so that both the beginning and the file's own name stay. */
function shorten(text: string, columns: number): string {
  if (columnsOf(text) <= columns) {
    return text;
  }
  const characters = [...text];
  const head = takeColumns(characters, Math.ceil((columns - 1) / 2));
  const tail = takeColumns(characters.toReversed(), Math.floor((columns - 1) / 2)).toReversed();
  return `${head.join('')}…${tail.join('')}`;
}

function takeColumns(characters: readonly string[], columns: number): string[] {
  let used = 0;
  const fits = characters.findIndex((character) => {
    used += columnsOf(character);
    return used > columns;
  });
  return characters.slice(0, fits === -1 ? characters.length : fits);
}

function pad(text: string, columns: number, isRight: boolean): string {
  const space = ' '.repeat(Math.max(0, columns - columnsOf(text)));
  return isRight ? space + text : text + space;
}

/** How many columns a terminal gives to the text: none to marks, two to wide characters. */
function columnsOf(text: string): number {
  if (/^[ -~]*$/.test(text)) {
    return text.length;
  }
  let columns = 0;
  for (const character of text) {
    columns += /[\p{M}\u200b-\u200d]/u.test(character) ? 0 : isWide(character.codePointAt(0)!) ? 2 : 1;
  }
  return columns;
}

const wideRanges = [
  [0x1100, 0x115f],
  [0x2e80, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
] as const;

const isWide = (code: number): boolean => wideRanges.some(([from, to]) => code >= from && code <= to);
