/** What completion is tried on: a folder with `tutti` in it, its node, and a task that waits and one that has failed. */
import { chmodSync } from 'node:fs';
import { bin, Workplace } from './command.fixture.ts';

const app = `
import { NonRetryable, task } from 'tutti';
export const hello = task(async () => 1);
export const fails = task(async () => { throw new NonRetryable('no'); });
`;

export type CompletionPlace = {
  readonly place: Workplace;
  /** Of the node that serves the folder. */
  readonly url: string;
  readonly ids: Readonly<Record<'hello' | 'fails', string>>;
  /** For shells that are to find `tutti`. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
};

export const openCompletionPlace = async (): Promise<CompletionPlace> => {
  const place = new Workplace(app);
  place.write('tutti', `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`);
  chmodSync(place.path('tutti'), 0o755);
  const node = place.start(['serve', 'app.ts', '--port', '0']);
  const url = (await node.seen(/"url":"([^"]+)"/))[1] as string;
  const start = async (...args: readonly string[]): Promise<string> =>
    (await place.run(['start', ...args, '--url', url])).out.trim();
  const ids = { hello: await start('hello', 'null', '--delay', '1 h'), fails: await start('fails') };
  await place.run(['follow', ids.fails, '--url', url]);
  return {
    place,
    url,
    ids,
    env: { PATH: `${place.folder}:${process.env['PATH']}`, NODE_COMPILE_CACHE: place.path('.cache') },
    close: () => place.remove(),
  };
};
