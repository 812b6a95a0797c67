import { task } from '../../src/index.ts';

export const triple = task(async (_ctx, n: number) => n * 3);
