import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { taskFailure } from '../errors/task-failure.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { decodeError, encodeError } from '../values/codec.ts';
import { renderError } from './render-error.ts';
import { styleOf } from './style.ts';

const how = { style: styleOf(false, true), cwd: '/home/ann/shop', debug: false };
const own = new URL('../tasks/grant.ts', import.meta.url).href;
const user = (line: number): string => `${pathToFileURL('/home/ann/shop/app.ts').href}:${line}:7`;

const withStack = <E extends Error>(error: E, ...frames: readonly string[]): E => {
  error.stack = [`${error.name}: ${error.message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n');
  return error;
};

describe('a failed task', () => {
  const cause = withStack(new TypeError('no such month'), `look (${user(3)})`, 'node:internal/x:1:1');
  const thrown = withStack(
    new Error('cannot report', { cause }),
    `report (${user(12)})`,
    `async run (${own}:5:1)`,
    `process.processTicks (node:internal/process/task_queues:105:5)`,
  );

  test('is told with code, message, the chain of causes, and the lines of the user alone', () => {
    const failure = taskFailure(thrown, 'report', '0000');
    expect(renderError(failure, how)).toEqual([
      'error TASK_FAILED: report failed: cannot report',
      '  Error: cannot report',
      '    at report (app.ts:12:7)',
      '  caused by TypeError: no such month',
      '    at look (app.ts:3:7)',
    ]);
  });

  test('looks the same after it was stored', () => {
    const failure = taskFailure(thrown, 'report', '0000');
    expect(renderError(decodeError(encodeError(failure)), how)).toEqual(renderError(failure, how));
  });

  test('shows all frames on --log-level debug', () => {
    const lines = renderError(taskFailure(thrown, 'report', '0000'), { ...how, debug: true });
    expect(lines.join('\n')).toContain('grant.ts:5:1');
  });

  test('is told with its details, and with errors that it gathers', () => {
    const refused = Object.assign(withStack(new Error('no funds')), { details: { balance: 3 } });
    expect(renderError(taskFailure(refused, 'pay', '0'), how)).toContain('    details: {"balance":3}');
    const many = withStack(
      new AggregateError(
        [1, 2, 3, 4, 5, 6, 7].map((n) => new Error(`no ${n}`)),
        'many',
      ),
    );
    const lines = renderError(taskFailure(many, 'pay', '0'), how);
    expect(lines.slice(2)).toEqual([1, 2, 3, 4, 5].map((n) => `    ${n}. Error: no ${n}`).concat('    and 2 more'));
  });

  test('may have thrown anything', () => {
    expect(renderError(taskFailure('just text', 'pay', '0'), how)).toEqual([
      'error TASK_FAILED: pay failed: just text',
      '  caused by something that is no Error was thrown: "just text"',
    ]);
  });

  test('with causes without end is told in bounded length', () => {
    let error = new Error('last');
    for (let depth = 0; depth < 100; depth++) error = withStack(new Error(`depth ${depth}`, { cause: error }));
    expect(renderError(taskFailure(error, 'deep', '0'), how).length).toBeLessThan(20);
  });
});

test('a refusal is one line: what, and what to do; its place in our code says nothing', () => {
  const refusal = new TuttiError('DATA_LOCKED', 'The folder is in use.', { cause: new Error('EAGAIN') });
  expect(renderError(refusal, how)).toEqual(['error DATA_LOCKED: The folder is in use.']);
});

test('a bug of ours is told with its place', () => {
  const lines = renderError(withStack(new TuttiError('INVARIANT', 'x is 3'), `grant (${own}:5:1)`), how);
  expect(lines[0]).toBe('error INVARIANT: x is 3');
  expect(lines.join('\n')).toContain('grant.ts:5:1');
  expect(lines.at(-1)).toContain('bug in Tutti');
  expect(renderError(new RangeError('oops'), how)).toContain('error: RangeError: oops');
});
