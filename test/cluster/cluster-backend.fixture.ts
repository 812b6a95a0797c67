/** A real node of one process that shows a cluster: what the gateway, the page and commands are shown is a live cluster's. */
import type { Backend } from '../../src/gateway/backend.ts';
import type { ClusterOverview } from '../../src/protocol/cluster-overview.ts';
import type { Overview } from '../../src/protocol/overview.ts';
import { decodeValue, encodeValue } from '../../src/values/codec.ts';

export const withCluster = (backend: Backend, cluster: () => ClusterOverview): Backend =>
  new Proxy(backend, {
    get: (target, name) => {
      if (name === 'overview')
        return async () =>
          encodeValue({ ...(decodeValue(await target.overview()) as Overview), cluster: cluster() } satisfies Overview);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
