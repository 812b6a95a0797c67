/** A real node of one process that shows something else than itself: what the gateway, the page and commands are shown is told here. */
import type { Backend } from '../../src/gateway/backend.ts';
import type { ClusterOverview } from '../../src/protocol/cluster-overview.ts';
import type { Overview } from '../../src/protocol/overview.ts';
import { decodeValue, encodeValue } from '../../src/values/codec.ts';

/** Its overviews are what `change` makes of them. */
export const withOverview = (backend: Backend, change: (overview: Overview) => Overview): Backend =>
  new Proxy(backend, {
    get: (target, name) => {
      if (name === 'overview') return async () => encodeValue(change(decodeValue(await target.overview()) as Overview));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

/** It shows a cluster. */
export const withCluster = (backend: Backend, cluster: () => ClusterOverview): Backend =>
  withOverview(backend, (overview) => ({ ...overview, cluster: cluster() }));
