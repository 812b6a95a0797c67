/** Messages of nodes with logs and blobs, in words. */
import type { AppendReply, ReadReply } from '../../../src/engine/simulated/log-service.ts';
import type { SentMessage } from '../../../src/engine/simulated/watcher.ts';
import { decodeHeader, decodeWrites, recordKind } from '../../../src/partition/record.ts';
import type { AnyTable } from '../../../src/partition/table.ts';
import { partitionOfLane } from './lanes.ts';
import type { Description } from './trace.ts';
import { shortly } from './words.ts';

const rowsMax = 4;

/** Undefined: it is no message of the engine's. */
export const describeEngineMessage = (message: SentMessage, tables: readonly AnyTable[]): Description | undefined => {
  const text = wordsOf(message, tables);
  if (text === undefined) return undefined;
  const partition =
    partitionOfLane(message.from) ?? partitionOfLane(message.to) ?? /^[a-z]+\/(\d+)\//.exec(String(message.about))?.[1];
  return { text, partitions: partition === undefined ? [] : [Number(partition)] };
};

const wordsOf = ({ kind, about, bytes }: SentMessage, tables: readonly AnyTable[]): string | undefined => {
  switch (kind) {
    case 'append':
      return `after ${about}: ${recordText(bytes, Number(about) + 1, tables)}`;
    case 'append.reply': {
      const reply = about as AppendReply;
      return reply.kind === 'appended' ? `appended at ${reply.position}` : 'occupied';
    }
    case 'read':
      return `from ${about}`;
    case 'read.reply': {
      const reply = about as ReadReply;
      if (reply.kind === 'trimmed') return `trimmed, begins at ${reply.start}`;
      if (reply.records.length === 0) return `nothing from ${reply.first} on`;
      return `records ${reply.first} to ${reply.first + reply.records.length - 1}`;
    }
    case 'end':
    case 'start':
      return '';
    case 'end.reply':
      return `ends at ${about}`;
    case 'start.reply':
      return `begins at ${about}`;
    case 'trim':
      return `up to ${about}`;
    case 'trim.reply':
      return 'trimmed';
    case 'blob.put':
    case 'blob.get':
    case 'blob.list':
    case 'blob.delete':
      return String(about);
    case 'blob.put.reply':
      return about === true ? 'stored' : 'other content has the name';
    case 'blob.get.reply':
      return (about as { readonly stored: unknown }).stored === undefined ? 'there is none' : 'found';
    case 'blob.list.reply':
      return `${(about as readonly string[]).length} names`;
    case 'blob.delete.reply':
      return 'deleted';
    default:
      return undefined;
  }
};

const recordText = (bytes: Uint8Array, position: number, tables: readonly AnyTable[]): string => {
  const header = decodeHeader(bytes, position);
  if (header.kind === recordKind.epoch) return 'epoch record';
  const writes = decodeWrites(bytes, header);
  const rows: string[] = [];
  for (let at = 0; at < writes.length; at += 3) {
    const name = tables.find(({ id }) => id === writes[at])?.name ?? `table ${writes[at]}`;
    rows.push(`${writes[at + 2] === null ? 'no ' : ''}${name} ${shortly(writes[at + 1])}`);
  }
  const more = rows.length > rowsMax ? ` and ${rows.length - rowsMax} more` : '';
  const mark = header.kind === recordKind.checkpoint ? ', checkpoint' : '';
  return `epoch ${header.epoch}${mark}, ${rows.slice(0, rowsMax).join(', ') || 'no rows'}${more}`;
};
