/** Messages of the task workload in words: the flat arrays of `src/tasks/messages.ts`, field by field. */
import { unpack } from 'msgpackr';
import type { WorkBody } from '../../../src/cluster/work-relay.ts';
import type { SentMessage } from '../../../src/engine/simulated/watcher.ts';
import { decodeParcel } from '../../../src/execution/state/peer-mail.ts';
import {
  type Flat,
  fromClient,
  fromClientArity,
  fromExecutor,
  fromExecutorArity,
  toClient,
  toClientArity,
  toExecutor,
  toExecutorArity,
} from '../../../src/tasks/messages.ts';
import { fromBytes } from '../../../src/testing/flat-bytes.ts';
import { describePeerMessages } from '../trace/peer-messages.ts';
import type { Description } from '../trace/trace.ts';
import { shortly } from '../trace/words.ts';
import type { FromClientMessage } from './node.ts';

type Dialect = {
  readonly ops: Readonly<Record<string, number>>;
  readonly arity: Readonly<Record<number, number>>;
  /** Messages that begin with partition, epoch, n: all but `want`. */
  readonly attempts: boolean;
};

const dialects: Readonly<Record<string, Dialect>> = {
  'to node': { ops: fromClient, arity: fromClientArity, attempts: false },
  'to client': { ops: toClient, arity: toClientArity, attempts: false },
  'to executor': { ops: toExecutor, arity: toExecutorArity, attempts: true },
  'from executor': { ops: fromExecutor, arity: fromExecutorArity, attempts: true },
};

export const describeTaskMessage = ({ kind, about, bytes }: SentMessage): Description => {
  const dialect = dialects[kind];
  if (dialect === undefined) return describeBusMessage(String(about), bytes);
  if (dialect.attempts) return describeFlat(fromBytes(bytes), dialect);
  const { client, flat } = JSON.parse(new TextDecoder().decode(bytes)) as FromClientMessage;
  if (flat === '') return { text: `connection ${client}: does not lead`, partitions: [] };
  const { text, partitions } = describeFlat(fromBytes(Buffer.from(flat, 'base64')), dialect);
  return { text: `connection ${client}: ${text}`, partitions };
};

type PackedLinkMessage = readonly [
  from: string,
  mine: number,
  yours: number,
  seq: number,
  ack: number,
  body: Uint8Array | null,
];

/** What nodes say to one another, by subject. */
const describeBusMessage = (subject: string, bytes: Uint8Array): Description => {
  if (subject.startsWith('partition/')) return describePeerMessages(decodeParcel(bytes));
  if (subject.startsWith('forward/')) {
    const [from, , flat] = unpack(bytes) as readonly [string, number, Flat];
    const { text, partitions } = describeFlat(flat, dialects['to node'] as Dialect);
    return { text: `for ${from}: ${text}`, partitions };
  }
  if (!subject.startsWith('work/')) return { text: subject, partitions: [] };
  const [, mine, yours, seq, ack, body] = unpack(bytes) as PackedLinkMessage;
  const session = `session ${mine}/${yours}, ${seq}, ack ${ack}`;
  if (body === null) return { text: session, partitions: [] };
  const { text, partitions } = describeWork(unpack(body) as WorkBody);
  return { text: `${session}: ${text}`, partitions };
};

const describeWork = (body: WorkBody): Description => {
  if (body[0] === 'up' || body[0] === 'down') {
    const [kind, executor, flat] = body;
    const dialect = dialects[kind === 'up' ? 'from executor' : 'to executor'] as Dialect;
    const { text, partitions } = describeFlat(flat, dialect);
    return { text: `${kind} ${executor} ${text}`, partitions };
  }
  return { text: body.map((field) => shortly(field)).join(' '), partitions: [] };
};

const describeFlat = (flat: Flat, { ops, arity, attempts }: Dialect): Description => {
  const names = new Map(Object.entries(ops).map(([name, op]) => [op, name]));
  const texts: string[] = [];
  const partitions = new Set<number>();
  for (let at = 0; at < flat.length; ) {
    const op = flat[at] as number;
    const count = arity[op];
    if (count === undefined) throw new Error(`op ${op}`);
    const fields = flat.slice(at + 1, at + 1 + count);
    at += 1 + count;
    const name = names.get(op) as string;
    let text = name;
    if (attempts && name !== 'want') {
      const [partition, epoch, n] = fields.splice(0, 3);
      partitions.add(partition as number);
      text += ` ${partition}/${epoch}/${n}`;
    }
    const rest = fields.filter((field) => field !== undefined).map(fieldText);
    texts.push([text, ...rest].join(' '));
  }
  return { text: texts.join('; '), partitions: [...partitions] };
};

const fieldText = (field: unknown): string =>
  Array.isArray(field) ? `[${field.length} fields]` : field === '' ? '""' : shortly(field);
