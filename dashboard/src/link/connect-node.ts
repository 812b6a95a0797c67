/** The link over `tutti/client`: it goes on over lost connections, and says when the node does not let it in. */
import { connect } from 'tutti/client';
import { codeOf } from '../frame/error-line.tsx';
import type { ConnectNode } from './node-link.ts';

export const connectNode: ConnectNode = (url, told) => {
  const client = connect(url, { giveUpAfter: false });
  let wasOpen = false;
  let closed = false;
  const stopTelling = client.onConnection((state) => {
    if (state === 'ready') wasOpen = true;
    if (!closed && state !== 'resting') told(state === 'ready' ? 'open' : wasOpen ? 'lost' : 'connecting');
  });
  const failed = (error: unknown): never => {
    if (!closed && codeOf(error) === 'UNAUTHORIZED') told('denied');
    throw error;
  };
  async function* watched<Item>(stream: AsyncIterable<Item>): AsyncIterable<Item> {
    try {
      yield* stream;
    } catch (error) {
      failed(error);
    }
  }
  return {
    app: () => client.app().catch(failed),
    list: (filter) => client.list(filter).catch(failed),
    detail: (id, fromStep) => client.detail(id, { fromStep }).catch(failed),
    start: async (name, input, { key, delayMs }) => {
      const options = { delay: delayMs, ...(key === undefined ? {} : { key }) };
      const task = await client.tasks[name]?.start(input, options).catch(failed);
      return task?.id ?? '';
    },
    cancel: (id) => client.cancel(id).catch(failed),
    retry: (id) => client.retry(id).catch(failed),
    follow: (id, signal) => watched(client.follow(id, { signal })),
    overviews: (signal) => watched(client.watchOverview({ signal })),
    pages: (filter, signal) => watched(client.watchTasks(filter, { signal })),
    close: () => {
      closed = true;
      stopTelling();
      void client.close();
    },
  };
};
