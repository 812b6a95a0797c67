import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareText, type FileFacts, type Inventory, type Note, noteKinds, type ReadFacts } from './inventory.ts';
import { Tally } from './plain-inventory.ts';
import { render } from './render.ts';
import { combine, combineAll, emptySummary, inventoryOf, type Summary, summarize } from './summary.ts';

const word = fc.constantFrom('__proto__', 'constructor', 'this', 'with', 'ärger', '日本語', '10');
const detail = fc.constantFrom('', 'EACCES', 'pipe');
const notesAt = (path: string): fc.Arbitrary<Note[]> =>
  fc.array(fc.record({ kind: fc.constantFrom(...noteKinds.slice(0, -1)), path: fc.constant(path), detail }), {
    maxLength: 2,
  });

const readFacts = (path: string): fc.Arbitrary<ReadFacts> =>
  fc
    .record({
      // Few sizes, one content for each: ties and duplicates are common.
      bytes: fc.integer({ min: 0, max: 12 }),
      language: fc.constantFrom('Binary', 'C', 'TypeScript'),
      lines: fc.record({ code: fc.nat(9), comment: fc.nat(9), blank: fc.nat(9) }),
      words: fc.uniqueArray(fc.tuple(word, fc.integer({ min: 1, max: 5 })), { selector: ([text]) => text }),
      licence: fc.option(fc.constantFrom('MIT', 'ISC')),
      notes: notesAt(path),
    })
    .map(({ licence, words, notes, ...facts }) => ({
      kind: 'file',
      path,
      sha256: facts.bytes.toString(16).padStart(64, '0').split('').reverse().join(''),
      ...facts,
      words: words.sort(([a], [b]) => compareText(a, b)),
      package: licence === null ? null : { path, name: path, version: '1', licence },
      notes: facts.language === 'Binary' ? [...notes, { kind: 'binary', path, detail: '' }] : notes,
    }));

const factsAt = (path: string): fc.Arbitrary<FileFacts> =>
  fc.oneof(
    { weight: 9, arbitrary: readFacts(path) },
    fc.record({ kind: fc.constantFrom('link', 'special', 'lost'), path: fc.constant(path), notes: notesAt(path) }),
  );

const files = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 60 })
  .chain((paths) => fc.tuple(...paths.map(factsAt)));

/** A fresh copy, as after being stored and read back. */
const stored = (summary: Summary): Summary => JSON.parse(JSON.stringify(summary)) as Summary;

/** Combines parts two at a time, in an order that `choices` give, until one is left. */
function combineInAnyOrder(parts: Summary[], choices: readonly number[]): Summary {
  let turn = 0;
  const take = (): Summary => parts.splice((choices[turn++ % choices.length] ?? 0) % parts.length, 1)[0]!;
  while (parts.length > 1) {
    const first = take();
    parts.push(stored(combine(first, take())));
  }
  return parts[0] ?? emptySummary;
}

function plainInventory(facts: readonly FileFacts[]): Inventory {
  const tally = new Tally();
  for (const one of facts) {
    tally.addFile(one);
  }
  return tally.inventory();
}

test('Any split into parts, combined in any order and tree, gives the same bytes as one plain pass over the files.', () => {
  fc.assert(
    fc.property(
      files,
      fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 }),
      fc.integer({ min: 1, max: 9 }),
      (facts, choices, size) => {
        const parts: Summary[] = [emptySummary];
        for (let at = 0; at < facts.length; at += size) {
          parts.push(stored(summarize(facts.slice(at, at + size))));
        }
        const combined = combineInAnyOrder(parts, choices);
        expect(JSON.stringify(combined)).toBe(JSON.stringify(summarize(facts)));
        expect(JSON.stringify(combineAll(facts.map((one) => summarize([one]))))).toBe(JSON.stringify(combined));
        const plain = plainInventory(facts);
        expect(JSON.stringify(inventoryOf(combined))).toBe(JSON.stringify(plain));
        expect(render(inventoryOf(combined))).toBe(render(plain));
      },
    ),
    { numRuns: 300 },
  );
});

test('The empty summary changes nothing, and what listing found is added.', () => {
  const some = summarize([], 2, [
    { kind: 'empty-folder', path: 'b', detail: '' },
    { kind: 'empty-folder', path: 'a', detail: '' },
  ]);
  expect(combine(some, emptySummary)).toEqual(some);
  expect(combine(emptySummary, some)).toEqual(some);
  expect(inventoryOf(some)).toMatchObject({
    counts: { folders: 2 },
    notes: [{ kind: 'empty-folder', count: 2, first: [{ path: 'a' }, { path: 'b' }] }],
  });
});

test('Lists stop at their bounds while totals count everything.', () => {
  const facts = Array.from(
    { length: 250 },
    (_, at): FileFacts => ({
      kind: 'file',
      path: `p${String(at).padStart(3, '0')}`,
      bytes: 5,
      sha256: 'ab'.repeat(32),
      language: 'C',
      lines: { code: 1, comment: 0, blank: 0 },
      words: [],
      package: null,
      notes: [{ kind: 'odd-name', path: `p${String(at).padStart(3, '0')}`, detail: '' }],
    }),
  );
  const inventory = inventoryOf(summarize(facts));
  expect(inventory.largest.map(({ path }) => path)).toEqual(facts.slice(0, 20).map(({ path }) => path));
  expect(inventory.duplicates).toEqual({
    groups: 1,
    files: 249,
    wastedBytes: 1245,
    top: [{ sha256: 'ab'.repeat(16), bytes: 5, count: 250, wastedBytes: 1245, paths: ['p000', 'p001', 'p002'] }],
  });
  expect(inventory.notes[0]).toMatchObject({ count: 250 });
  expect(inventory.notes[0]?.first).toHaveLength(100);
});
