/** The page of a run: one file that needs nothing else and holds what happened. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { simulate } from '../command.fixture.ts';
import { eventFields, fates, messageFields, type PageRun } from './page-data.ts';
import { pageOf } from './write-page.ts';

const folder = mkdtempSync(join(tmpdir(), 'tutti-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const dataOf = (page: string): PageRun =>
  JSON.parse(/<script type="application\/json" id="run">(.*)<\/script>/.exec(page)?.[1] ?? '') as PageRun;

/** The fields of each thing in a flat array. */
const things = (flat: readonly number[], fields: number): readonly (readonly number[])[] =>
  Array.from({ length: flat.length / fields }, (_, at) => flat.slice(at * fields, (at + 1) * fields));

test('it holds the events, messages and faults of its run, and asks for nothing from elsewhere', async () => {
  const file = join(folder, 'run.html');
  const { code, out } = await simulate(['--seed', '3', '--html', file]);
  expect(code, out).toBe(0);
  const page = readFileSync(file, 'utf8');
  expect(page).not.toMatch(/https?:|<link|<img|\ssrc=|\shref=|@import|url\(/i);
  const run = dataOf(page);
  expect(out).toContain(`digest ${run.digest}`);
  expect(run.again).toBe('npm run simulate -- --workload registers --seed 3 --trace');
  expect(run.broken).toBeUndefined();
  const events = things(run.events, eventFields).map(
    ([, lane, kind, text]) => `${run.lanes[lane as number]}: ${run.kinds[kind as number]} ${run.texts[text as number]}`,
  );
  expect(events).toContain('n0: life begins n0.0');
  expect(events).toContainEqual(expect.stringMatching(/^n\d: leads partition 0 at n\d, epoch \d+$/));
  expect(events).toContainEqual(expect.stringMatching(/^log 0: landed at 1$/));
  const messages = things(run.messages, messageFields);
  const counted = (fate: (typeof fates)[number]): number =>
    messages.filter((fields) => fields[8] === fates.indexOf(fate)).length;
  expect(counted('arrived')).toBeGreaterThan(500);
  expect(counted('lost')).toBe(run.counts['message lost'] ?? 0);
  expect(counted('cut')).toBe(run.counts['message cut'] ?? 0);
  expect(run.spans.filter(({ kind }) => kind === 'fault').length).toBe(run.faults);
  expect(run.spans.filter(({ kind }) => kind === 'leads').length).toBe(run.counts['leader change']);
});

test('no page is written where no law is broken', async () => {
  const file = join(folder, 'none.html');
  const { code, out } = await simulate(['--first', '1', '--seeds', '2', '--html', file]);
  expect(code, out).toBe(0);
  expect(out).toContain('No law was broken');
  expect(existsSync(file)).toBe(false);
});

test('no text of a run ends the page early', async () => {
  const file = join(folder, 'again.html');
  await simulate(['--seed', '3', '--html', file]);
  const run = dataOf(readFileSync(file, 'utf8'));
  const what = '</script><script>alert(1)</script> $& $1';
  const page = await pageOf({ ...run, broken: { law: 'ends', what, atUs: 1 } });
  expect(page).not.toContain('alert(1)</script>');
  expect(dataOf(page).broken?.what).toBe(what);
});
