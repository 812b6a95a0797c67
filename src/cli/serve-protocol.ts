/** What `tutti serve` and `tutti dev` and the process that runs their node tell each other, over the channel of `fork`. */
import type { ServerTrouble } from '../protocol/cluster-overview.ts';
import type { NodeSettings } from './run-protocol.ts';

export type GatewaySettings = {
  readonly host: string;
  readonly port: number;
  /** How many ports to try, from that one on. */
  readonly portsTried: number;
  readonly token: string | undefined;
  /** Texts in PEM. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly allowOrigins: readonly string[];
};

export type OpenRequest = {
  readonly kind: 'open';
  /** Address of the app's module. */
  readonly app: string;
  readonly node: NodeSettings;
  readonly gateway: GatewaySettings;
  /** Tasks are rehearsed (`execution/executor/rehearsal.ts`). */
  readonly rehearses: boolean;
};

export type ToServeChild =
  /** Load the app in a thread, to see whether it loads. Answered by `scouted`. */
  | { readonly kind: 'scout'; readonly app: string }
  /** Answered by `ready`, or by `failed`. */
  | OpenRequest
  /** The gateway's certificate was renewed. */
  | { readonly kind: 'renewed'; readonly tls: { readonly cert: string; readonly key: string } }
  /** The NATS server beside the node has told of this. */
  | { readonly kind: 'serverTrouble'; readonly trouble: ServerTrouble }
  /** Answered by `closed`, once what was under way has been told or given back. */
  | { readonly kind: 'close' };

/** Unfinished tasks of one name. */
export type Unfinished = { readonly name: string; readonly count: number };

export type FromServeChild =
  /** `error` is encoded. */
  | { readonly kind: 'scouted'; readonly files: readonly string[]; readonly error: string | undefined }
  | {
      readonly kind: 'ready';
      readonly url: string;
      readonly port: number;
      /** Names of the app's tasks. */
      readonly tasks: readonly string[];
      /** What goes on here, or would if the app had it; tasks that other tasks started are not among them. */
      readonly unfinished: readonly Unfinished[];
    }
  /** It could not be opened, or cannot go on: an encoded error. */
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'closed' };
