/** `tutti run` as a process: what comes on stdout and stderr, and with which exit code. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventsOf, Workplace } from './command.fixture.ts';

const app = `
import { AppError, task } from 'tutti';
console.log('printed at module level');
export const echo = task(async (_ctx, input: unknown) => { console.log('printed in a task'); return input; });
export const values = task(async () => ({ at: new Date(0), big: 10n, bytes: new Uint8Array([1, 2]), set: new Set([1]) }));
export const nothing = task(async () => undefined);
export const square = task(async (_ctx, x: number) => x * x);
export const sum = task(async (ctx, count: number) => {
  ctx.log.info('begun', { count });
  const squares = await ctx.map(square, Array.from({ length: count }, (_, x) => x));
  return squares.reduce((a, b) => a + b, 0);
});
const findMonth = (month: string) => { throw new TypeError('no month ' + month); };
export const report = task({ retry: { attempts: 2, first: '1 ms' } }, async (_ctx, month: string) => {
  try { findMonth(month); } catch (cause) { throw new Error('cannot report', { cause }); }
});
export const refuse = task(async () => { throw new AppError('insufficient funds', { details: { balance: 3 } }); });
export const positive = task({ input: { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) =>
  typeof value === 'number' && value > 0 ? { value } : { issues: [{ message: 'must be positive', path: ['amount'] }] } } } as never },
  async (_ctx, value: unknown) => value);
export const crash = task({ retry: { attempts: 2, first: '1 ms' } }, () => { process.kill(process.pid, 'SIGABRT'); for (;;); });
export const exit = task({ retry: { attempts: 2, first: '1 ms' } }, () => process.exit(9));
`;

let place: Workplace;
beforeAll(() => {
  place = new Workplace(app);
});
afterAll(() => place.remove());

describe('a task that is done', () => {
  test('gives its result alone on stdout, whatever user code prints, and exit code 0', async () => {
    const { code, out, err } = await place.run(['run', 'app.ts', 'echo', '{"a":[1,"ä"]}']);
    expect({ code, out }).toEqual({ code: 0, out: '{"a":[1,"ä"]}\n' });
    expect(err).toContain('printed at module level');
    expect(err).toMatch(/^echo [0-9A-Z]{26} #1: printed in a task$/m);
    expect(err).toMatch(/^done: echo in /m);
  });

  test('gives kinds that JSON has not in tagged form, and takes them', async () => {
    const { out } = await place.run(['run', 'app.ts', 'values']);
    const text =
      '{"at":{"$date":"1970-01-01T00:00:00.000Z"},"big":{"$bigint":"10"},"bytes":{"$bytes":"AQI="},"set":{"$set":[1]}}';
    expect(out).toBe(`${text}\n`);
    expect((await place.run(['run', 'app.ts', 'echo', text])).out).toBe(`${text}\n`);
  });

  test('prints nothing for undefined', async () => {
    expect(await place.run(['run', 'app.ts', 'nothing'])).toMatchObject({ code: 0, out: '' });
  });

  test('takes its input from a file or stdin, and its settings from flags over the environment', async () => {
    place.write('in.json', '[1,\n 2]\n');
    expect((await place.run(['run', 'app.ts', 'echo', '@in.json'])).out).toBe('[1,2]\n');
    const { code, out } = await place.run(['run', 'app.ts', 'echo', '-', '--data', 'elsewhere'], {
      input: '"piped"',
      env: { TUTTI_DATA: '/dev/null/nowhere', TUTTI_EXECUTORS: '1' },
    });
    expect({ code, out }).toEqual({ code: 0, out: '"piped"\n' });
  });

  test('with --json tells one event a line, progress and log lines among them; --engine memory keeps nothing', async () => {
    const args = ['run', 'app.ts', 'sum', '300', '--json', '--engine', 'memory', '--data', 'none'];
    const { out, err } = await place.run(args);
    expect(out).toBe('8955050\n');
    const events = eventsOf(err);
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['output', 'started', 'log', 'finished']));
    expect(events.find(({ event }) => event === 'log')).toMatchObject({ message: 'begun', fields: { count: 300 } });
    expect((await place.run(['list', '--data', 'none'])).code).toBe(3);
  });
});

describe('a task that fails', () => {
  test('tells code, message, causes and the lines of the user, how to run it again, and exit code 1', async () => {
    const { code, out, err } = await place.run(['run', 'app.ts', 'report', '"2026-13"']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('error TASK_FAILED: report failed: cannot report');
    expect(err).toMatch(/caused by TypeError: no month 2026-13\n {4}at findMonth \(app\.ts:\d+:\d+\)/);
    expect(err).not.toContain('src/execution');
    expect(err).toMatch(/tutti run app\.ts report --continue [0-9A-Z]{26} --retry\n$/);
  });

  test('by a refusal of its own is not tried again, and tells its details', async () => {
    const { code, err } = await place.run(['run', 'app.ts', 'refuse']);
    expect(code).toBe(1);
    expect(err).toContain('AppError: insufficient funds');
    expect(err).toContain('details: {"balance":3}');
  });

  test('with --json tells the error in JSON form', async () => {
    const { err } = await place.run(['run', 'app.ts', 'refuse', '--json']);
    expect(eventsOf(err).at(-1)).toMatchObject({
      event: 'failed',
      error: { $error: { code: 'TASK_FAILED', cause: { $error: { message: 'insufficient funds' } } } },
    });
  });

  test('by a native crash each time ends as TASK_CRASHED, and the command lives on to say so (T3)', async () => {
    const { code, err } = await place.run(['run', 'app.ts', 'crash', '--data', 'crashed']);
    expect(code).toBe(1);
    expect(err).toMatch(/crash: the process that runs the task ended \(SIGABRT/);
    expect(err).toContain('error TASK_CRASHED: ');
  });

  test('by a native crash cannot go on with --engine memory, which is said', async () => {
    const { code, err } = await place.run(['run', 'app.ts', 'crash', '--engine', 'memory']);
    expect(code).toBe(1);
    expect(err).toContain('With --engine memory nothing was kept');
  });

  test('by process.exit ends its thread only', async () => {
    const { code, err } = await place.run(['run', 'app.ts', 'exit', '--data', 'exited']);
    expect(code).toBe(1);
    expect(err).toContain('error TASK_CRASHED: ');
    expect(err).not.toContain('crash: the process');
  });
});

describe('what cannot be done', () => {
  test.each([
    [['run', 'app.ts', 'echo', '2026-11'], `'"2026-11"'`],
    [['run', 'app.ts', 'echo', '@gone.json'], 'gone.json cannot be read'],
    [['run', 'ap.ts', 'echo'], 'There is no file ap.ts (looked for '],
    [['run', 'ap.ts', 'echo'], 'Did you mean app.ts?'],
    [['run', '.', 'echo'], '. is no file'],
    [['run', 'app.ts', 'ecko'], 'The app has no task "ecko". Did you mean echo? The app has: crash, echo, '],
    [['run', 'app.ts'], 'Name the task to run. The app has: crash, echo, '],
    [['run', 'app.ts', 'positive', '-1'], 'input.amount: must be positive'],
    [['run', 'app.ts', 'echo', '1', '2'], 'too many arguments'],
    [['run', 'app.ts', 'echo', '--executors', '0'], 'It is a whole number from 1 to 1024'],
    [['run', 'app.ts', 'echo', '--hang-limit', 'soon'], "such as '30 s'"],
    [['run', 'app.ts', 'echo', '--id', 'a', '--continue', 'b'], 'cannot be used with'],
    [['run', 'app.ts', 'echo', '--executros', '1'], 'Did you mean --executors?'],
    [['rnu'], 'Did you mean run?'],
  ])('%j is exit code 2 and says why', async (args, says) => {
    const { code, out, err } = await place.run(args);
    expect(err).toContain(says);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  test('an app that cannot be loaded is told with its place', async () => {
    place.write(
      'bad.ts',
      `import { task } from 'tutti';\nexport const a = task(async () => 1);\nthrow new Error('no settings');\n`,
    );
    place.write('ends.ts', `process.exit(5);\n`);
    const bad = await place.run(['run', 'bad.ts', 'a']);
    expect(bad.err).toMatch(/error APP_LOAD: .*bad\.ts:3: .*no settings/);
    const ends = await place.run(['run', 'ends.ts', 'a']);
    expect(ends.err).toMatch(/error APP_LOAD: .*ends\.ts:1: .*process\.exit\(5\)/);
    expect([bad.code, ends.code]).toEqual([2, 2]);
  });
});

test('help begins with examples, goes to stdout and is no error; without a command it is talk, and is one', async () => {
  const help = await place.run(['run', '--help']);
  expect(help.out).toMatch(/^Runs one task of an app.*\n\nExamples:\n {2}tutti run app\.ts/);
  expect({ code: help.code, err: help.err }).toEqual({ code: 0, err: '' });
  expect((await place.run(['help', 'run'])).out).toBe(help.out);
  expect(await place.run([])).toMatchObject({ code: 2, out: '' });
  expect((await place.run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});
