/** What the node thread and the state thread of a cluster's node tell each other, beside what every state thread does. */
import type { MessagePort } from 'node:worker_threads';
import type { ClusterSettings } from '../cluster/cluster-map.ts';
import type { PlacementWish } from '../cluster/map-wishes.ts';
import type { SpecAnswer, SpecQuestion } from '../cluster/spec-message.ts';
import type { SpecOutcome } from '../cluster/specs-elsewhere.ts';
import type { NatsOptions } from '../engine/nats/nats-options.ts';
import type { FromStateThread, StateThreadData, ToStateThread } from '../execution/state/control.ts';
import type { ServerTrouble } from '../protocol/cluster-overview.ts';
import type { LifeLineFiles } from './life-lines.ts';

/** What makes a node one of a cluster. */
export type MembershipSettings = {
  /** Names the cluster, and what it has in the engine. */
  readonly cluster: string;
  /** The node's name in it, the same over restarts. */
  readonly member: string;
  /** Where it is, the largest place first: `eu/zone-1`. */
  readonly location: string;
  readonly weight: number;
  /** What the cluster is made with where there is none yet; undefined: it is waited for. */
  readonly creates: ClusterSettings | undefined;
  /** The data folder of an embedded node whose tasks it begins with. */
  readonly from: string | undefined;
  readonly nats: Omit<NatsOptions, 'cluster' | 'name' | 'env' | 'onWarning'>;
  /** An address of this machine at which other nodes reach it. */
  readonly host: string;
  /** 0: any that is free. */
  readonly lifeLinePort: number;
  /** Between nodes. */
  readonly tls: LifeLineFiles | undefined;
};

/** `workerData` of its state thread. */
export type MemberThreadData = Pick<StateThreadData, 'slots' | 'retentionMs' | 'retentionTasks' | 'tuning'> & {
  readonly folder: string;
  readonly storePort: MessagePort;
  readonly membership: MembershipSettings;
};

/** From the main thread, which has the app's schemas checked: the node thread hands it on. */
export type ToSpecs =
  /** What the start of a task needs that this node's app lacks is asked of other nodes; answered by `specCame`. */
  | { readonly kind: 'askSpec'; readonly request: number; readonly question: SpecQuestion }
  /** The answer to `specAsked`. */
  | { readonly kind: 'specSaid'; readonly asked: number; readonly answer: SpecAnswer };

/** Another node asks for what the start of a task of this node's app needs; answered by `specSaid`. */
export type SpecAsked = { readonly kind: 'specAsked'; readonly asked: number; readonly question: SpecQuestion };

export type ToMemberThread =
  | ToStateThread
  | ToSpecs
  /** The executors have loaded the app: this version of it, with these tasks. */
  | { readonly kind: 'join'; readonly app: string; readonly functions: readonly string[] }
  /** Where clients reach the node, to be told to others. */
  | { readonly kind: 'gateway'; readonly address: string }
  /** A person says where a partition is to be led; answered by `placed`. */
  | { readonly kind: 'place'; readonly request: number; readonly wish: PlacementWish }
  /** The server of the engine beside it has told of this. */
  | { readonly kind: 'serverTrouble'; readonly trouble: ServerTrouble }
  /** Give away everything and leave; answered by `left`, also where nobody is there to take it. */
  | { readonly kind: 'drain' };

export type FromMemberThread =
  | FromStateThread
  | SpecAsked
  | { readonly kind: 'specCame'; readonly request: number; readonly outcome: SpecOutcome }
  /** It is a member: requests are taken. */
  | { readonly kind: 'joined'; readonly partitions: number }
  /** An executor is to work for the leaders of another node, over this port. */
  | { readonly kind: 'executorPeer'; readonly executor: number; readonly peer: number; readonly port: MessagePort }
  /** Where other nodes' gateways are, when that has changed. */
  | { readonly kind: 'gateways'; readonly addresses: readonly string[] }
  /** The map says so; `error`: it will not. */
  | { readonly kind: 'placed'; readonly request: number; readonly error: string | undefined }
  | { readonly kind: 'left' };
