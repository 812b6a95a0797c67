/** Messages of nodes with logs and blobs, in words. */
import type { AppendReply, ReadReply } from '../../../src/engine/simulated/log-service.ts';
import type { Answered } from '../../../src/engine/simulated/requests.ts';
import type { SentMessage } from '../../../src/engine/simulated/watcher.ts';
import { decodeHeader, decodeWrites, recordKind } from '../../../src/partition/record.ts';
import type { AnyTable } from '../../../src/partition/table.ts';
import { partitionOfLane } from './lanes.ts';
import type { Description } from './trace.ts';
import { shortly } from './words.ts';

const rowsMax = 4;

/** Undefined: it is no message of the engine's. */
export const describeEngineMessage = (message: SentMessage, tables: readonly AnyTable[]): Description | undefined => {
  const { kind, about } = message;
  const isReply = kind.endsWith('.reply') && kind !== 'bus.reply';
  const { asked, reply } = isReply ? (about as Answered) : { asked: about, reply: undefined };
  const text = isReply ? replyText(kind, asked, reply) : requestText(message, tables);
  if (text === undefined) return undefined;
  const partition =
    partitionOfLane(message.from) ?? partitionOfLane(message.to) ?? /^[a-z]+\/(\d+)\//.exec(String(asked))?.[1];
  return { text, partitions: partition === undefined ? [] : [Number(partition)] };
};

const requestText = ({ kind, about, bytes }: SentMessage, tables: readonly AnyTable[]): string | undefined => {
  switch (kind) {
    case 'append':
      return `after ${about}: ${recordText(bytes, Number(about) + 1, tables)}`;
    case 'read':
      return `from ${about}`;
    case 'trim':
      return `up to ${about}`;
    case 'end':
    case 'start':
      return '';
    case 'blob.put':
    case 'blob.get':
    case 'blob.list':
    case 'blob.delete':
      return String(about);
    default:
      return undefined;
  }
};

const replyText = (kind: string, asked: unknown, reply: unknown): string | undefined => {
  switch (kind) {
    case 'append.reply': {
      const told = reply as AppendReply;
      return `after ${asked}: ${told.kind === 'appended' ? `appended at ${told.position}` : 'occupied'}`;
    }
    case 'read.reply': {
      const told = reply as ReadReply;
      if (told.kind === 'trimmed') return `trimmed, begins at ${told.start}`;
      if (told.records.length === 0) return `nothing from ${told.first} on`;
      return `records ${told.first} to ${told.first + told.records.length - 1}`;
    }
    case 'end.reply':
      return `ends at ${reply}`;
    case 'start.reply':
      return `begins at ${reply}`;
    case 'trim.reply':
      return `up to ${asked}: done`;
    case 'blob.put.reply':
      return `${asked}: ${reply === true ? 'stored' : 'other content has the name'}`;
    case 'blob.get.reply':
      return `${asked}: ${(reply as { readonly stored: unknown }).stored === undefined ? 'there is none' : 'found'}`;
    case 'blob.list.reply':
      return `${asked}: ${(reply as readonly string[]).length} names`;
    case 'blob.delete.reply':
      return `${asked}: done`;
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
