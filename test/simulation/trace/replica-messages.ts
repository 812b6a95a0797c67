/** What the replicas of a partition ask each other (`src/partition/replicas.ts`), in words. */
import { unpack } from 'msgpackr';
import type { SentMessage } from '../../../src/engine/simulated/watcher.ts';
import type { Description } from './trace.ts';

/** Undefined: it is no message of theirs. */
export const describeReplicaMessage = ({ kind, about, bytes }: SentMessage): Description | undefined => {
  if (!/^bus(\.|$)/.test(kind)) return undefined;
  const [, partition, what, name] = /^partition\/(\d+)\/(\w+)\/(.*)$/.exec(String(about)) ?? [];
  if (partition === undefined) return undefined;
  return { text: wordsOf(kind, `${what}`, `${name}`, bytes), partitions: [Number(partition)] };
};

const wordsOf = (kind: string, what: string, name: string, bytes: Uint8Array): string => {
  switch (`${what} ${kind}`) {
    case 'highest bus.request':
      return `the highest of ${name}?`;
    case 'highest bus.reply':
      return `the highest of ${name}: ${(unpack(bytes) as readonly number[])[0]}`;
    case 'records bus.request':
      return `records of ${name} from ${unpack(bytes)}?`;
    case 'records bus.reply': {
      const positions = (unpack(bytes) as readonly (readonly [position: number])[]).map(([position]) => position);
      return `records of ${name}: ${positions.length === 0 ? 'none' : `${positions[0]} to ${positions.at(-1)}`}`;
    }
    case 'prepare bus':
      return `it will be given to ${name}`;
    case 'given bus':
      return `it was given to ${name}, up to ${(unpack(bytes) as readonly (readonly [position: number])[]).at(-1)?.[0]}`;
    case 'progress bus':
      return `the log reaches ${unpack(bytes)}`;
    default:
      return what;
  }
};
