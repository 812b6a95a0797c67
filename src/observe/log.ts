/**
 * The node's structured log: JSON lines on stderr, by pino. Events of `Env` become lines; which level an event has is told
 * here and nowhere else.
 */
import pino from 'pino';
import type { EventSink } from '../platform/env.ts';

export type Log = pino.Logger;

const stderr = 2;

export const createLog = (level: string): Log =>
  pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'message' },
    pino.destination({ dest: stderr, sync: true }),
  );

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Levels of events other than `debug`. */
const levels: Readonly<Record<string, Level>> = {
  'partition.leading': 'info',
  'partition.failed': 'error',
  'checkpoint.failed': 'error',
  'snapshot.failed': 'error',
  'snapshot.restored': 'warn',
  'snapshot.damaged': 'warn',
  'log.stalled': 'error',
  'log.resumed': 'info',
  'executor.lost': 'warn',
  'executor.silent': 'warn',
  'task.timeout': 'warn',
  'task.failed': 'warn',
  'gateway.failed': 'error',
  'nats.warning': 'warn',
  'import.before': 'info',
  'import.begun': 'info',
  'import.done': 'info',
  'cluster.awaited': 'warn',
  'node.ready': 'info',
  'node.closed': 'info',
};

export const eventSink = (log: Log): EventSink => ({
  emit: (name, fields) => log[levels[name] ?? 'debug'](fields, name),
});
