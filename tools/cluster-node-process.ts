/**
 * A node of a cluster in a process of its own, for tests, benchmarks and demonstrations: opened as its first argument says (JSON of
 * `ClusterNodeStart`), with a gateway on a free port. Tells its parent where that is, and ends on SIGTERM as a server does.
 */
import { open } from '../src/node/open.ts';

export type ClusterNodeStart = {
  readonly module: string;
  readonly data: string;
  readonly executors: number;
  /** Of its gateway; any that is free, if not said. */
  readonly port?: number;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly cluster: {
    readonly servers: readonly string[];
    readonly member: string;
    readonly replicas: number;
    /** Servers of `nats-cluster.ts` do. */
    readonly syncs?: boolean;
    readonly partitions?: number;
    readonly location?: string;
    readonly weight?: number;
    readonly name?: string;
    readonly host?: string;
  };
};

export type ClusterNodeReady = { readonly url: string };

const { module, port = 0, ...options } = JSON.parse(process.argv[2] ?? '{}') as ClusterNodeStart;
const node = await open({ module, ...options });
const { url } = await node.serve({ port });
process.send?.({ url } satisfies ClusterNodeReady);
process.on('SIGTERM', () => {
  void node.close().then(() => process.exit(0));
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
