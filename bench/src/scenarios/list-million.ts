/** Pages of a million finished tasks: what is waited for a first page, for one in the middle, and while tasks keep coming. */
import { noop, noopInput } from '../app.ts';
import { openBenchNode } from '../bench-node.ts';
import { batchesOf, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';

const outstanding = 10_000;
const batch = 500;
const pages = 200;
const pageSize = 50;

export const listMillion: Scenario = {
  name: 'list-million',
  cases: [undefined],
  async run(options) {
    const n = scaled(1_000_000, options);
    await using node = await openBenchNode(options, { retentionTasks: n * 2 });
    const fill = (count: number): Promise<unknown> =>
      batchesOf(count, outstanding, batch, async (index) => {
        await node.run(noop, noopInput(index));
      });
    await fill(n);

    const latencies = new Float64Array(pages);
    let at = 0;
    const one = async (filter: Parameters<typeof node.list>[0]): Promise<string> => {
      const begun = performance.now();
      const tasks = await node.list({ limit: pageSize, ...filter });
      latencies[at++ % pages] = performance.now() - begun;
      check(tasks.length === Math.min(n, pageSize), `a page of ${tasks.length} tasks`);
      return tasks.at(-1)?.id as string;
    };
    const meanMs = async (filter: Parameters<typeof node.list>[0], count: number): Promise<number> => {
      const { seconds } = await span(async () => {
        for (let page = 0; page < count; page++) await one(filter);
      });
      return (seconds * 1_000) / count;
    };
    const first = await meanMs({}, 1);
    const measured = await span(async () => {
      for (let page = 0; page < pages; page++) await one({});
    });
    const sorted = latencies.slice().sort();
    const deep = await meanMs({ createdTo: (await node.list({ limit: 1_000 })).at(-1)?.createdAt as Date }, 20);
    const none = await span(() => node.list({ name: 'none', limit: 1 }));

    let loaded = true;
    const load = fill(scaled(300_000, options)).finally(() => {
      loaded = false;
    });
    let [underLoad, underLoadMax] = [0, 0];
    let loadedPages = 0;
    while (loaded) {
      const ms = await meanMs({}, 1);
      underLoad += ms;
      underLoadMax = Math.max(underLoadMax, ms);
      loadedPages++;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await load;
    return {
      n: pages,
      seconds: measured.seconds,
      cpuSeconds: measured.cpuSeconds,
      latencies: sorted,
      extra: {
        finished_tasks: n,
        first_page_ms: first,
        deep_page_ms: deep,
        nothing_found_ms: none.seconds * 1_000,
        page_under_load_ms: underLoad / loadedPages,
        page_under_load_max_ms: underLoadMax,
      },
      settings: { pageSize },
    };
  },
};
