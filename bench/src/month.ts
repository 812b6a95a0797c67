/** An app with a workflow that sleeps for thirty days, and a scenario that waits for it. */
import { task } from 'tutti';
import type { World } from 'tutti/testing';

export const remind = task(async (ctx, name: string) => {
  await ctx.run('welcome', () => name);
  await ctx.sleep('30 days');
  return ctx.run('remind', () => name.length);
});

export const month = ({ client }: World, name: string): Promise<number> => client.run(remind, name);
