import { expect, test } from 'vitest';
import type { TaskPage, TaskStatus } from '../../../src/protocol/task-view.ts';
import { addPage, firstPage, noPages, pageAt, renewPage } from './task-pages.ts';

const task = (number: number, state: TaskStatus['state'] = 'queued'): TaskStatus =>
  ({ id: `t${number}`, state }) as TaskStatus;
/** Tasks from the newest down; the cursor is the number of the last. */
const page = (newest: number, oldest: number, more = true): TaskPage => ({
  tasks: Array.from({ length: newest - oldest + 1 }, (_, index) => task(newest - index)),
  cursor: more ? `${oldest}` : undefined,
});
const ids = ({ tasks }: { readonly tasks: readonly TaskStatus[] }): readonly string[] => tasks.map(({ id }) => id);
const numbers = (newest: number, oldest: number): readonly string[] => ids(page(newest, oldest));

const loaded = addPage(firstPage(page(100, 91)), page(90, 81));

test('pages follow one another, each task once', () => {
  expect(ids(loaded)).toEqual(numbers(100, 81));
  expect(loaded.more).toBe('81');
  expect(ids(addPage(loaded, page(82, 75, false)))).toEqual(numbers(100, 75));
  expect(addPage(loaded, page(80, 75, false)).more).toBeUndefined();
});

test('new tasks come on top of what is there', () => {
  const renewed = renewPage(loaded, 0, page(103, 94));
  expect(ids(renewed)).toEqual(numbers(103, 81));
  expect(renewed.more).toBe('81');
});

test('so many new ones that they do not meet the old: the list begins again', () => {
  const renewed = renewPage(loaded, 0, page(200, 191));
  expect(ids(renewed)).toEqual(numbers(200, 191));
  expect(renewed.more).toBe('191');
});

test('L2: tasks that are gone from the range of a page are gone, those below stay', () => {
  const renewed = renewPage(loaded, 0, { tasks: [task(100, 'running'), task(97), task(92)], cursor: '92' });
  expect(ids(renewed)).toEqual(['t100', 't97', 't92', 't91', ...numbers(90, 81)]);
  expect(renewed.tasks[0]?.state).toBe('running');
});

test('a later page is renewed under those above it', () => {
  const renewed = renewPage(loaded, 1, {
    tasks: page(90, 81).tasks.map(({ id }) => ({ ...task(0, 'failed'), id })),
    cursor: '81',
  });
  expect(ids(renewed)).toEqual(numbers(100, 81));
  expect(renewed.tasks.map(({ state }) => state)).toEqual([...Array(10).fill('queued'), ...Array(10).fill('failed')]);
});

test('a page that is the end takes away all below it', () => {
  expect(ids(renewPage(loaded, 0, page(100, 98, false)))).toEqual(numbers(100, 98));
  expect(renewPage(loaded, 0, page(100, 98, false)).more).toBeUndefined();
});

test('the page of a row is the one that begins above it, also after new ones came', () => {
  expect(pageAt(loaded, 0)).toBe(0);
  expect(pageAt(loaded, 9)).toBe(0);
  expect(pageAt(loaded, 10)).toBe(1);
  const renewed = renewPage(loaded, 0, page(103, 94));
  expect(pageAt(renewed, 12)).toBe(0);
  expect(pageAt(renewed, 13)).toBe(1);
  expect(pageAt(noPages, 5)).toBe(0);
});
