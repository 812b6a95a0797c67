/** `node:timers/promises` over the timers of a simulated world. */

type Run = (...args: unknown[]) => void;
type Timer = { readonly cancel: () => void };
type Timers = {
  readonly setTimeout: (run: Run, delayMs?: number) => Timer;
  readonly setImmediate: (run: Run) => Timer;
};
type Options = { readonly signal?: AbortSignal };

const aborted = (signal: AbortSignal): Error =>
  Object.assign(new Error('The operation was aborted', { cause: signal.reason }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
  });

/** Settles when the timer fires, or rejects when the signal is aborted before. */
const once = <Value>(begin: (run: Run) => Timer, value: Value, { signal }: Options): Promise<Value> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(aborted(signal));
      return;
    }
    const stop = (): void => {
      timer.cancel();
      reject(aborted(signal as AbortSignal));
    };
    const timer = begin(() => {
      signal?.removeEventListener('abort', stop);
      resolve(value);
    });
    signal?.addEventListener('abort', stop, { once: true });
  });

type PromisedTimers = {
  readonly setTimeout: <Value>(delayMs?: number, value?: Value, options?: Options) => Promise<Value | undefined>;
  readonly setImmediate: <Value>(value?: Value, options?: Options) => Promise<Value | undefined>;
  readonly setInterval: <Value>(delayMs?: number, value?: Value, options?: Options) => AsyncGenerator<Value>;
  readonly scheduler: { readonly wait: unknown; readonly yield: unknown };
};

export const promisedTimers = (timers: Timers): PromisedTimers => {
  const setTimeout: PromisedTimers['setTimeout'] = (delayMs, value, options = {}) =>
    once((run) => timers.setTimeout(run, delayMs), value, options);
  const setImmediate: PromisedTimers['setImmediate'] = (value, options = {}) =>
    once((run) => timers.setImmediate(run), value, options);
  async function* setInterval<Value>(delayMs?: number, value?: Value, options: Options = {}): AsyncGenerator<Value> {
    for (;;) yield (await setTimeout(delayMs, value, options)) as Value;
  }
  const scheduler = {
    wait: (delayMs: number, options?: Options): Promise<unknown> => setTimeout(delayMs, undefined, options),
    yield: (): Promise<unknown> => setImmediate(),
  };
  return { setTimeout, setImmediate, setInterval, scheduler };
};
