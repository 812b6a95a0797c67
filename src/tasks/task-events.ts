/** The events of a task (`TaskEvent`) as texts. What is recorded as text goes into them as it is. */
import { limits } from '../limits.ts';
import type { Progress, TaskLeader, TaskTransaction } from './leader.ts';
import { stateOf } from './status.ts';
import { type LogRow, logTable, rowKey } from './tables.ts';

export const stateEvent = (leader: TaskLeader, tx: TaskTransaction, key: string): string =>
  JSON.stringify({ type: 'state', ...stateOf(leader, tx, key) });

export const progressEvent = (progress: Progress): string => JSON.stringify({ type: 'progress', ...progress });

export const logEvent = (index: number, line: LogRow): string => `{"type":"log","index":${index},${lineFields(line)}}`;

export const finishedEvent = (ok: number, text: string): string =>
  ok === 1 ? `{"type":"finished","ok":true,"value":${text}}` : `{"type":"finished","ok":false,"error":${text}}`;

/** A recorded line as a `LogLine`. */
export const lineText = (line: LogRow): string => `{${lineFields(line)}}`;

/** The text of a row is that of an object: message and fields. */
const lineFields = ({ time, level, text, tries }: LogRow): string =>
  `"time":{"$date":"${new Date(time).toISOString()}"},"level":${JSON.stringify(level)},"attempt":${tries + 1},${text.slice(1, -1)}`;

/** The recorded lines of a task from index `from` on, as many as one answer may hold. */
export const linesFrom = (tx: TaskTransaction, key: string, from: number): LogRow[] => {
  const lines: LogRow[] = [];
  let chars = 0;
  while (lines.length < limits.logPageLines && chars < limits.logPageChars) {
    const line = tx.get(logTable, rowKey(key, from + lines.length));
    if (line === undefined) break;
    chars += line.text.length;
    lines.push(line);
  }
  return lines;
};
