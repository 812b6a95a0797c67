/**
 * What of a client must compile and, with `@ts-expect-error`, what must not. Compiled, never run.
 */
import { type AppTasks, connect, type RemoteTask, type TaskCalls } from '../../src/client/client.ts';
import { task } from '../../src/index.ts';
import type { TaskPage } from '../../src/protocol/task-view.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

const app = {
  none: task(async () => 1),
  month: task(async (_ctx, month: string) => month.length),
  maybe: task(async (_ctx, month?: string) => month ?? 'now'),
  billing: { invoice: task(async (_ctx, order: { id: string }) => [order.id]) },
  // What is no task is no call.
  limit: 7,
  help: () => 'text',
  list: [1, 2],
};

export const typed = async (): Promise<void> => {
  const client = connect<typeof app>('http://127.0.0.1:8484', { token: 'secret' });

  // By the type alone …
  const a: number = await client.tasks.none.run();
  const b: number = await client.tasks.month.run('2026-11');
  const c: string = await client.tasks.maybe.run();
  const d: string[] = await client.tasks.billing.invoice.run({ id: 'a' }, { key: 'a', timeout: '5 s' });
  const e = await client.tasks.month.start('2026-11', { delay: '1 h', signal: AbortSignal.timeout(5) });
  same<typeof client.tasks.month, TaskCalls<string, number>>(true);
  same<keyof typeof client.tasks, 'none' | 'month' | 'maybe' | 'billing'>(true);
  // @ts-expect-error: the wrong input
  await client.tasks.month.run(7);
  // @ts-expect-error: no input
  await client.tasks.month.run();
  // @ts-expect-error: an input where there is none
  await client.tasks.none.run('2026-11');
  // @ts-expect-error: options where the input stands
  await client.tasks.none.run({ key: 'a' });
  // @ts-expect-error: an option that there is not
  await client.tasks.month.run('2026-11', { priority: 1 });
  // @ts-expect-error: no such task
  await client.tasks.other.run();
  // @ts-expect-error: no task
  await client.tasks.limit.run();
  // @ts-expect-error: no task
  await client.tasks.help.run();

  // … and by definitions.
  const f: number = await client.run(app.month, '2026-11');
  const g = await client.start(app.billing.invoice, { id: 'a' });
  same<typeof g, RemoteTask<string[]>>(true);
  const h: string[] = await g.result({ timeout: 5_000 });
  // @ts-expect-error: the wrong input
  await client.run(app.month, 7);
  // @ts-expect-error: no task
  await client.run(app.help);
  connect('http://127.0.0.1:8484', { app });

  const page: TaskPage = await client.list({ state: 'failed', limit: 10 });
  // @ts-expect-error: no such state
  await client.list({ state: 'lost' });
  for await (const event of client.follow(g.id, { fromLog: 3 })) {
    if (event.type === 'log') same<typeof event.index, number>(true);
    if (event.type === 'finished' && event.ok) same<typeof event.value, unknown>(true);
    // @ts-expect-error: a value only where it went well
    if (event.type === 'finished' && !event.ok) event.value;
  }
  // @ts-expect-error: an address is needed
  connect();
  // @ts-expect-error: no such option
  connect('http://127.0.0.1:8484', { tokn: 'a' });
  // @ts-expect-error: no unit
  connect('http://127.0.0.1:8484', { giveUpAfter: '5' });
  connect(['http://a', 'http://b'], { giveUpAfter: false, token: async () => 'fresh' });

  // An app that is not known has any task.
  const anyone = connect('http://127.0.0.1:8484');
  const i: unknown = await anyone.tasks['billing.invoice']?.run({ id: 'a' });
  same<typeof anyone.tasks, AppTasks<unknown>>(true);
  await using k = connect('http://127.0.0.1:8484');
  void [a, b, c, d, e, f, h, i, k, page];
};
