/**
 * Clock, timers and chance of a simulated process. To be imported before anything else, so that libraries that capture them
 * at import capture these. They belong to the world that runs; outside of one, and for what no world has (the network, other
 * threads), they throw and name the call.
 *
 * What stays real: `queueMicrotask`, `process.nextTick` and promises, whose order follows from the code alone.
 */
import '../engine/simulated/real-time.ts';
import nodeCrypto, { type webcrypto } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import nodeTimers from 'node:timers';
import type { Simulation } from '../engine/simulated/simulation.ts';
import type { SeededRandom } from '../values/hash.ts';

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

const after =
  (call: string) =>
  (run: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]): Timer => {
    const { simulation } = world(call);
    return new Timer(simulation.after(Math.max(1, delayMs), simulation.current, call, () => run(...args)));
  };

const every = (run: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]): Timer => {
  const { simulation } = world('setInterval');
  const life = simulation.current;
  let cancel = (): void => {};
  const plan = (): void => {
    cancel = simulation.after(Math.max(1, delayMs), life, 'setInterval', () => {
      plan();
      run(...args);
    });
  };
  plan();
  return new Timer(() => cancel());
};

const immediate = (run: (...args: unknown[]) => void, ...args: unknown[]): Timer => {
  const { simulation } = world('setImmediate');
  return new Timer(simulation.after(0, simulation.current, 'setImmediate', () => run(...args)));
};

const clear = (timer: Timer | undefined): void => timer?.cancel();

const refuse = (call: string) => (): never => {
  throw new Error(`${call} has no place in a simulated world: what it gives differs from run to run.`);
};

const patch = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
};

const installTimers = (): void => {
  const timers: Readonly<Record<string, unknown>> = {
    setTimeout: after('setTimeout'),
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
};

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
  const hrtime = refuse('process.hrtime');
  patch(process, 'hrtime', Object.assign(hrtime, { bigint: hrtime }));
  patch(process, 'uptime', refuse('process.uptime'));
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
  patch(nodeCrypto, 'randomBytes', (count: number) => Buffer.from(world('randomBytes').random.bytes(count)));
  patch(nodeCrypto, 'randomInt', (low: number, high?: number) => {
    const [from, to] = high === undefined ? [0, low] : [low, high];
    return from + Math.floor(world('randomInt').random.fraction() * (to - from));
  });
};

/** Once per thread, before anything else is imported. */
export const installVirtualGlobals = (): void => {
  installTimers();
  installClocks();
  installChance();
  patch(globalThis, 'fetch', refuse('fetch'));
  syncBuiltinESMExports();
};
