import { describe, expect, test } from 'vitest';
import { TuttiError } from '../errors/tutti-error.ts';
import type { TaskStatus } from '../protocol/task-view.ts';
import { JsonReporter } from './json-reporter.ts';
import { beginProgress, withPieces } from './progress-state.ts';
import type { RunEvent } from './reporter.ts';
import { styleOf } from './style.ts';
import { TerminalReporter } from './terminal-reporter.ts';

const status = {
  id: '3KQ801M878VE3T0396JFQR4MV3',
  name: 'report',
  state: 'running',
  createdAt: new Date(0),
  steps: 3,
} as TaskStatus;
const events: readonly RunEvent[] = [
  { type: 'started', status, found: true, over: false, again: false },
  { type: 'others', ids: ['a', 'b'] },
  { type: 'log', line: { time: new Date(0), level: 'info', message: 'read', fields: { big: 1n } } },
  { type: 'output', line: 'printed' },
  { type: 'output', line: '{"level":40,"time":"2026","executor":1,"message":"executor.lost"}' },
  { type: 'crashed', how: 'SIGSEGV' },
  { type: 'stopping', signal: 'SIGINT' },
  { type: 'stopped', status, advice: ['Continue: …'] },
  { type: 'finished', task: 'report', elapsedMs: 1_234, stored: undefined },
  { type: 'failed', error: new TuttiError('DATA_LOCKED', 'in use'), advice: [] },
];

class Fixture {
  text = '';
  ms = 0;
  readonly write = (text: string): void => {
    this.text += text;
  };
  readonly monotonic = (): number => this.ms;
  terminal(columns: number | undefined): TerminalReporter {
    return new TerminalReporter({
      write: this.write,
      style: styleOf(false, true),
      columns: () => columns,
      monotonic: this.monotonic,
      cwd: '/',
      debug: false,
    });
  }
}

const clear = '\r\u001b[2K';

describe('on a terminal', () => {
  test('progress is one line drawn over and over, at most ten times a second', () => {
    const fixture = new Fixture();
    const reporter = fixture.terminal(80);
    for (; fixture.ms < 1_000; fixture.ms += 10) reporter.progress(beginProgress('report', 0));
    expect(fixture.text.split(clear).length - 1).toBe(10);
    expect(fixture.text).not.toContain('\n');
  });

  test('a line of talk goes above it, and nothing of it is left in the end', () => {
    const fixture = new Fixture();
    const reporter = fixture.terminal(80);
    reporter.progress(beginProgress('report', 0));
    reporter.tell({ type: 'output', line: 'printed' });
    reporter.end();
    expect(fixture.text).toBe(`${clear}report  1 s${clear}printed\n`);
  });

  test('is told in sentences', () => {
    const fixture = new Fixture();
    const reporter = fixture.terminal(80);
    for (const event of events) reporter.tell(event);
    expect(fixture.text.trimEnd().split('\n')).toEqual([
      `Continuing report ${status.id}, begun 1970-01-01T00:00:00.000Z: 3 steps done.`,
      '2 other unfinished tasks of this folder run as well (tutti list --state unfinished).',
      '1970-01-01T00:00:00.000Z info  read {"big":{"$bigint":"1"}}',
      'printed',
      'warn executor.lost executor=1',
      'crash: the process that runs the task ended (SIGSEGV). It is started again; the task goes on.',
      'Stopping (SIGINT); once more ends it at once.',
      `Stopped. report ${status.id} is kept with 3 steps.`,
      'Continue: …',
      'done: report in 1.2 s',
      'error DATA_LOCKED: in use',
    ]);
  });
});

test('a task that ended while its folder was opened was continued; only one that ended earlier has a stored result', () => {
  const fixture = new Fixture();
  const reporter = fixture.terminal(undefined);
  const completed: TaskStatus = { ...status, state: 'completed' };
  reporter.tell({ type: 'started', status: completed, found: true, over: false, again: false });
  reporter.tell({ type: 'started', status: completed, found: true, over: true, again: false });
  reporter.tell({ type: 'started', status: { ...status, state: 'failed' }, found: true, over: true, again: false });
  expect(fixture.text.trimEnd().split('\n')).toEqual([
    `Continuing report ${status.id}, begun 1970-01-01T00:00:00.000Z: 3 steps done.`,
    `report ${status.id} has completed before; this is its stored result.`,
    `report ${status.id} has failed before.`,
  ]);
});

test('elsewhere progress is a plain line at most once a second, and rarer the longer it takes', () => {
  const fixture = new Fixture();
  const reporter = fixture.terminal(undefined);
  let progress = beginProgress('report', 0);
  for (; fixture.ms < 600_000; fixture.ms += 100) {
    progress = withPieces(progress, { done: fixture.ms, total: 600_000, message: undefined }, fixture.ms);
    reporter.progress(progress);
  }
  const lines = fixture.text.trimEnd().split('\n');
  expect(lines[0]).toBe('report: 1,000/600,000 pieces (0%), 1,000/s, 9 min 59 s left');
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.length).toBeLessThan(80);
  expect(fixture.text).not.toContain('\u001b');
});

test('for machines every line is one JSON object with its event and time', () => {
  const fixture = new Fixture();
  const reporter = new JsonReporter({ write: fixture.write, now: () => 0, monotonic: fixture.monotonic });
  for (const event of events) reporter.tell(event);
  reporter.progress(beginProgress('report', 0));
  reporter.progress(withPieces(beginProgress('report', 0), { done: 1, total: 2, message: undefined }, 0));
  const lines = fixture.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ event }) => event)).toEqual([
    'started',
    'others',
    'log',
    'output',
    'node',
    'crashed',
    'stopping',
    'stopped',
    'finished',
    'failed',
    'progress',
  ]);
  expect(new Set(lines.map(({ time }) => time))).toEqual(new Set(['1970-01-01T00:00:00.000Z']));
  expect(lines[2]).toMatchObject({ fields: { big: { $bigint: '1' } } });
  expect(lines[9]).toMatchObject({ error: { $error: { code: 'DATA_LOCKED' } } });
  expect(lines[10]).toMatchObject({ done: 1, total: 2 });
});
