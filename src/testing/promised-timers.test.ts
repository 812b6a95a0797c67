import { expect, test } from 'vitest';
import { promisedTimers } from './promised-timers.ts';

/** Timers that fire when they are told to. */
const manual = () => {
  const set = new Map<object, () => void>();
  const begin = (run: () => void): { readonly cancel: () => void } => {
    const timer = { cancel: () => void set.delete(timer) };
    set.set(timer, run);
    return timer;
  };
  const fire = (): void => {
    for (const [timer, run] of [...set]) {
      set.delete(timer);
      run();
    }
  };
  return { set, fire, timers: promisedTimers({ setTimeout: begin, setImmediate: begin }) };
};

test('a timeout gives its value when the timer fires', async () => {
  const { fire, timers } = manual();
  const both = Promise.all([timers.setTimeout(5, 'value'), timers.setImmediate('now')]);
  fire();
  expect(await both).toEqual(['value', 'now']);
});

test('a timeout whose signal is aborted rejects as that of Node.js does, and its timer is gone', async () => {
  const { set, timers } = manual();
  const controller = new AbortController();
  const waiting = timers.setTimeout(5, 'value', { signal: controller.signal });
  expect(set.size).toBe(1);
  controller.abort('enough');
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
  await expect(timers.setImmediate(1, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
  expect(set.size).toBe(0);
});

test('an interval gives its value each time', async () => {
  const { fire, timers } = manual();
  const interval = timers.setInterval(5, 'tick');
  for (let count = 0; count < 3; count++) {
    const next = interval.next();
    fire();
    expect(await next).toEqual({ value: 'tick', done: false });
  }
});
