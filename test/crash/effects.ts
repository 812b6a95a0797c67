/** Reads the traces that the steps of the crash app left (`crash-app.fixture.ts`). */
import { readFileSync } from 'node:fs';

export type Effects = {
  /** Steps that gave their result to their task. */
  readonly confirmed: number;
  /** Runs of steps beyond the first: ended by a kill before they were recorded. */
  readonly redone: number;
  /** Steps that ran again after they were confirmed: there must be none. */
  readonly broken: readonly string[];
};

export const readEffects = (file: string): Effects => {
  const confirmed = new Set<string>();
  const ran = new Set<string>();
  const broken: string[] = [];
  let redone = 0;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const step = line.slice(line.indexOf(' ') + 1);
    if (line.startsWith('confirmed ')) {
      if (!ran.has(step)) broken.push(`${step} was confirmed before it ran`);
      confirmed.add(step);
      continue;
    }
    if (confirmed.has(step)) broken.push(`${step} ran after it was confirmed`);
    else if (ran.has(step)) redone++;
    ran.add(step);
  }
  return { confirmed: confirmed.size, redone, broken };
};
