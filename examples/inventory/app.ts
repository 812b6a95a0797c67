/**
 * The inventory as durable tasks. One lists the files and cuts them into batches, many read a batch each, on all executors, and
 * the partial summaries are combined in a tree until few are left. Whatever is killed meanwhile, what was recorded is not done
 * again, and the result is the same to the byte as the plain script's (`summary.ts` says why).
 *
 * The values that are recorded are bounded: a listing by its part, a summary by the files below it (see `combinedMin`). What the
 * task holds in memory grows with the tree, by about 60 bytes a file for the names and 100 for the contents.
 */
import { AppError, task } from 'tutti';
import { begunBatches } from './begun-batches.ts';
import { factsOfFile, noteOfError } from './file-facts.ts';
import type { Inventory } from './inventory.ts';
import { allOfIt, type Batch, listPart, type Part, pathsOf, type Rest } from './list-files.ts';
import { combineAll, inventoryOf, type Summary, summarize } from './summary.ts';

const sizes = { filesPerBatch: 64, batchesPerPart: 256 };

/** Summaries that one task combines, at most. */
const combinedMax = 16;
/**
 * How many summaries a level is combined to, at least. The task itself combines the last ones, so that the largest value that is
 * recorded is about an eighth of the whole: enough for more than a million different files.
 */
const combinedMin = 8;

/** What `inventory` logs when it knows what there is to do; `main.ts` counts by it. */
export const listed = 'listed';
export type Listed = { readonly files: number; readonly batches: number };

/** Takes the inventory of a folder, given by its absolute path. */
export const inventory = task(async (ctx, folder: string): Promise<Inventory> => {
  const batches: Batch[] = [];
  for (let rest: Rest = allOfIt; rest.length > 0; ) {
    const from = rest;
    const part = await ctx.run('list', () => list(folder, from));
    batches.push(...part.batches);
    rest = part.rest;
  }
  const files = batches.reduce((total, batch) => total + fileCount(batch), 0);
  ctx.log.info(listed, { files, batches: batches.length } satisfies Listed);

  let summaries = await ctx.map(
    summarizeBatch,
    batches.map((batch) => ({ folder, batch })),
  );
  while (summaries.length > combinedMax) {
    const count = Math.max(combinedMin, Math.ceil(summaries.length / combinedMax));
    summaries = await ctx.map(combineSummaries, evenly(summaries, count));
  }
  return inventoryOf(combineAll(summaries));
});

export const summarizeBatch = task(
  async (_ctx, { folder, batch }: { readonly folder: string; readonly batch: Batch }): Promise<Summary> => {
    begunBatches.publish(batch);
    const facts = [];
    for (const path of pathsOf(batch)) {
      facts.push(await factsOfFile(folder, path));
    }
    return summarize(facts, batch.folders, batch.notes);
  },
);

export const combineSummaries = task((_ctx, summaries: readonly Summary[]): Summary => combineAll(summaries));

/** A folder that cannot be read at all will not be readable at the next attempt either. */
async function list(folder: string, rest: Rest): Promise<Part> {
  try {
    return await listPart(folder, rest, sizes);
  } catch (error) {
    throw new AppError(`The folder ${JSON.stringify(folder)} cannot be read (${noteOfError(error, '').detail}).`);
  }
}

const fileCount = (batch: Batch): number => batch.files.reduce((total, { names }) => total + names.length, 0);

/** Cuts a list into `count` pieces of almost equal length. */
const evenly = <T>(list: readonly T[], count: number): T[][] =>
  Array.from({ length: count }, (_, at) =>
    list.slice(Math.floor((at * list.length) / count), Math.floor(((at + 1) * list.length) / count)),
  );
