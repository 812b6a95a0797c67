/** An app whose tasks compute until a file is there. */
import { existsSync, writeFileSync } from 'node:fs';
import { task } from '../../src/index.ts';

export type Computation = { readonly began: string; readonly until: string };

const compute = ({ began, until }: Computation): void => {
  writeFileSync(began, '');
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(until)) Atomics.wait(cell, 0, 0, 20);
};

export const computes = task(async (_ctx, input: Computation) => compute(input));

/** First it waits for something outside of its steps. */
export const fetchesAndComputes = task(async (_ctx, input: Computation) => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  compute(input);
});

export const echo = task(async (_ctx, value: unknown) => value);
