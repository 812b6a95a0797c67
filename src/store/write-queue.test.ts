import { expect, test } from 'vitest';
import { WriteQueue } from './write-queue.ts';

/** A call that waits to be told how it ends. */
const controlled = () => {
  const started: string[] = [];
  const ends = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const call = (name: string) => (): Promise<void> => {
    started.push(name);
    return new Promise((resolve, reject) => ends.set(name, { resolve, reject }));
  };
  return { started, call, end: (name: string) => ends.get(name)! };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('Q2 slices start in groups, and a group starts when the one before has settled', async () => {
  const { started, call, end } = controlled();
  const queue = new WriteQueue(2);
  const calls = ['a', 'b', 'c'].map((name) => queue.add(0, 'slice', call(name)));
  expect(started).toEqual([]);
  await turn();
  expect(started).toEqual(['a', 'b']);
  end('a').resolve();
  await turn();
  expect(started).toEqual(['a', 'b']);
  end('b').resolve();
  await turn();
  expect(started).toEqual(['a', 'b', 'c']);
  end('c').resolve();
  await Promise.all(calls);
});

test('Q1 Q2 marks and clearings run alone, in the order of the calls', async () => {
  const { started, call, end } = controlled();
  const queue = new WriteQueue(8);
  const order = ['slice a', 'mark b', 'clear c', 'slice d', 'slice e'] as const;
  const calls = order.map((name) => queue.add(0, name.split(' ')[0] as 'slice' | 'mark' | 'clear', call(name)));
  for (const group of [['slice a'], ['mark b'], ['clear c'], ['slice d', 'slice e']]) {
    await turn();
    expect(started.splice(0)).toEqual(group);
    for (const name of group) end(name).resolve();
  }
  await Promise.all(calls);
});

test('Q3 a mark after a rejected slice is rejected without starting, once, and only for that partition', async () => {
  const queue = new WriteQueue(8);
  const failure = new Error('full');
  const started: number[] = [];
  const mark = (partition: number): Promise<void> =>
    queue.add(partition, 'mark', async () => void started.push(partition));
  const slice = queue.add(1, 'slice', () => Promise.reject(failure));
  const marks = [mark(1), mark(2), mark(1)];
  await expect(slice).rejects.toBe(failure);
  await expect(marks[0]).rejects.toBe(failure);
  await Promise.all(marks.slice(1));
  expect(started).toEqual([2, 1]);
});

test('closing waits for calls made before it and refuses later ones', async () => {
  const { call, end } = controlled();
  const queue = new WriteQueue(8);
  const first = queue.add(0, 'slice', call('first'));
  let closed = false;
  const closing = queue.close().then(() => {
    closed = true;
  });
  await expect(queue.add(0, 'slice', call('late'))).rejects.toMatchObject({ code: 'CLOSED' });
  await turn();
  expect(closed).toBe(false);
  end('first').resolve();
  await Promise.all([first, closing]);
});
