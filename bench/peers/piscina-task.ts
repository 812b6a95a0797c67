/** What piscina runs. */
import { workerData } from 'piscina';
import type { NoopInput } from '../src/app.ts';
import { hashWork } from '../src/hash-work.ts';

export default (input: NoopInput | number): number =>
  typeof input === 'number' ? hashWork(input, workerData as number) : input.index;
