/**
 * Clock, timers and chance of a simulated process. To be imported before anything else, so that libraries that capture them
 * at import capture these. They belong to the world that runs; outside of one they throw and name the call. What no world has
 * (the network, other threads) is refused: `refused-calls.ts`.
 *
 * What stays real: `queueMicrotask`, `process.nextTick` and promises, whose order follows from the code alone.
 */
import '../engine/simulated/real-time.ts';
import { AsyncLocalStorage } from 'node:async_hooks';
import nodeCrypto, { type webcrypto } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import nodeTimers from 'node:timers';
import nodeTimersPromises from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Life, Simulation } from '../engine/simulated/simulation.ts';
import type { SeededRandom } from '../values/hash.ts';
import { patch } from './patch.ts';
import { promisedTimers } from './promised-timers.ts';
import { refuseCalls } from './refused-calls.ts';

/** The real ones, for what runs the simulation. */
export const real = {
  now: Date.now,
  monotonic: performance.now.bind(performance),
  setTimeout: globalThis.setTimeout,
  setImmediate: globalThis.setImmediate,
  randomBytes: nodeCrypto.randomBytes,
};

export type VirtualProcess = {
  readonly simulation: Simulation;
  /** Milliseconds since 1970, for the code that runs now. */
  readonly now: () => number;
  readonly random: SeededRandom;
  /** Whose timers those are that are set now, where that is not whose event runs. */
  readonly owner?: () => Life | undefined;
  /** Told of a call that no world has; gives what it throws. Without it such calls are real. */
  readonly refuse?: (call: string) => Error;
  /** Told of what the callback of a timer throws. Without it the run ends. */
  readonly strayed?: (error: unknown) => void;
};

let inside: VirtualProcess | undefined;

/** From now on the globals belong to this world; undefined: to none. */
export const enterWorld = (world: VirtualProcess | undefined): void => {
  inside = world;
};

const world = (call: string): VirtualProcess => {
  if (inside === undefined) throw new Error(`${call} was called outside of a simulated world.`);
  return inside;
};

const ownerIn = ({ owner, simulation }: VirtualProcess): Life | undefined => owner?.() ?? simulation.current;

class Timer {
  readonly cancel: () => void;

  constructor(cancel: () => void) {
    this.cancel = cancel;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}

/** A timer's callback, in the context in which the timer was set. */
const callback = (run: (...args: unknown[]) => void, args: readonly unknown[]): (() => void) =>
  AsyncLocalStorage.bind(() => {
    try {
      run(...args);
    } catch (error) {
      if (inside?.strayed === undefined) throw error;
      inside.strayed(error);
    }
  });

const after =
  (call: string) =>
  (run: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]): Timer => {
    const process = world(call);
    return new Timer(process.simulation.after(Math.max(1, delayMs), ownerIn(process), call, callback(run, args)));
  };

const every = (run: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]): Timer => {
  const process = world('setInterval');
  const { simulation } = process;
  const life = ownerIn(process);
  const fire = callback(run, args);
  let cancel = (): void => {};
  const plan = (): void => {
    cancel = simulation.after(Math.max(1, delayMs), life, 'setInterval', () => {
      plan();
      fire();
    });
  };
  plan();
  return new Timer(() => cancel());
};

const immediate = (run: (...args: unknown[]) => void, ...args: unknown[]): Timer => {
  const process = world('setImmediate');
  return new Timer(process.simulation.after(0, ownerIn(process), 'setImmediate', callback(run, args)));
};

const clear = (timer: Timer | undefined): void => timer?.cancel();

const installTimers = (): void => {
  const setTimeout = after('setTimeout');
  const promised = promisedTimers({ setTimeout, setImmediate: immediate });
  patch(setTimeout, promisify.custom, promised.setTimeout);
  patch(immediate, promisify.custom, promised.setImmediate);
  const timers: Readonly<Record<string, unknown>> = {
    setTimeout,
    setInterval: every,
    setImmediate: immediate,
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
  for (const [name, value] of Object.entries(timers)) {
    patch(globalThis, name, value);
    patch(nodeTimers, name, value);
  }
  for (const [name, value] of Object.entries(promised)) patch(nodeTimersPromises, name, value);
  patch(AbortSignal, 'timeout', (delayMs: number): AbortSignal => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new DOMException('The operation timed out', 'TimeoutError')), delayMs);
    return controller.signal;
  });
};

/** In nanoseconds. */
const second = 1_000_000_000n;

const installClocks = (): void => {
  const RealDate = Date;
  const now = (): number => world('Date.now').now();
  patch(RealDate, 'now', now);
  const VirtualDate = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
  });
  patch(RealDate.prototype, 'constructor', VirtualDate);
  patch(globalThis, 'Date', VirtualDate);
  patch(performance, 'now', () => world('performance.now').simulation.nowMs);
  const nanoseconds = (call: string): bigint => BigInt(Math.round(world(call).simulation.nowMs * 1_000)) * 1_000n;
  const hrtime = (since: readonly [number, number] = [0, 0]): [number, number] => {
    const passed = nanoseconds('process.hrtime') - BigInt(since[0]) * second - BigInt(since[1]);
    return [Number(passed / second), Number(passed % second)];
  };
  patch(process, 'hrtime', Object.assign(hrtime, { bigint: () => nanoseconds('process.hrtime.bigint') }));
  patch(process, 'uptime', () => world('process.uptime').simulation.nowMs / 1_000);
};

const installChance = (): void => {
  patch(Math, 'random', () => world('Math.random').random.fraction());
  const prototype = Object.getPrototypeOf(globalThis.crypto) as webcrypto.Crypto;
  const fill = <View extends Uint8Array>(view: View): View => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    bytes.set(world('chance').random.bytes(bytes.length));
    return view;
  };
  const uuid = (): string => {
    const hex = Buffer.from(world('crypto.randomUUID').random.bytes(16)).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
  patch(prototype, 'getRandomValues', fill);
  patch(prototype, 'randomUUID', uuid);
  patch(nodeCrypto, 'randomUUID', uuid);
  patch(nodeCrypto, 'randomFillSync', fill);
  const bytes = (count: number): Buffer => Buffer.from(world('randomBytes').random.bytes(count));
  const whole = (low: number, high?: number): number => {
    const [from, to] = high === undefined ? [0, low] : [low, high];
    return from + Math.floor(world('randomInt').random.fraction() * (to - from));
  };
  patch(nodeCrypto, 'randomBytes', orCalledBack(bytes));
  patch(nodeCrypto, 'randomFill', orCalledBack(fill));
  patch(nodeCrypto, 'randomInt', orCalledBack(whole));
};

/** A function that may take a callback as its last argument, which gets the result a tick later. */
const orCalledBack =
  <Args extends unknown[], Result>(call: (...args: Args) => Result) =>
  (...args: [...Args] | [...Args, (error: null, result: Result) => void]): Result | undefined => {
    const last = args.at(-1);
    if (typeof last !== 'function') return call(...(args as Args));
    process.nextTick(last, null, call(...(args.slice(0, -1) as Args)));
    return undefined;
  };

/** Once per thread, before anything else is imported. */
export const installVirtualGlobals = (): void => {
  installTimers();
  installClocks();
  installChance();
  refuseCalls((call) => inside?.refuse?.(call));
  syncBuiltinESMExports();
};
