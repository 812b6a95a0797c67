/**
 * Clock and chance of user code. Installed before the app is imported, so that libraries that capture them capture these.
 *
 * R1  Between the steps of a task, `Date.now()`, `new Date()` and `Date()` give the time of the last event that was delivered
 *     to it; chance comes from a generator seeded by the task's id. Nothing is journaled: a replay gives the same.
 * R2  Everywhere else (in the function of a step, at module level, outside of tasks) they are real. `performance.now` always is.
 */

import nodeCrypto, { type webcrypto } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import type { Env } from '../../platform/env.ts';
import { nodeEnv } from '../../platform/node.ts';
import { currentScope, type Scope } from './scope.ts';

const RealDate = Date;
const realNow = Date.now;
const realRandom = Math.random;
const realRandomBytes = nodeCrypto.randomBytes;

/** The Env for what works for all tasks: real also where it is called from within one. */
export const realEnv = (): Env => ({
  ...nodeEnv(),
  clock: { now: () => realNow(), monotonic: () => performance.now() },
  random: { fraction: () => realRandom(), bytes: (count) => new Uint8Array(realRandomBytes(count)) },
});

/** The scope whose clock and chance count for the code that runs now. */
const replayedScope = (): Scope | undefined => {
  const scope = currentScope();
  return scope?.replayed === true ? scope : undefined;
};

/** Once per thread. */
export const installDeterminism = (): void => {
  installDate();
  Math.random = () => replayedScope()?.random.fraction() ?? realRandom();
  installWebCrypto();
  installNodeCrypto();
  syncBuiltinESMExports();
};

const installDate = (): void => {
  RealDate.now = () => replayedScope()?.attempt.timeMs ?? realNow();
  // A proxy, so that prototype, `instanceof`, subclasses, statics and structured clones stay those of the one Date.
  const ReplayedDate = new Proxy(RealDate, {
    construct(target, args, newTarget) {
      const scope = args.length === 0 ? replayedScope() : undefined;
      return Reflect.construct(target, scope === undefined ? args : [scope.attempt.timeMs], newTarget) as Date;
    },
    apply(target, self, args) {
      const scope = replayedScope();
      if (scope === undefined) return Reflect.apply(target, self, args) as string;
      return new RealDate(scope.attempt.timeMs).toString();
    },
  });
  RealDate.prototype.constructor = ReplayedDate;
  globalThis.Date = ReplayedDate;
};

const installWebCrypto = (): void => {
  const real = globalThis.crypto;
  const prototype = Object.getPrototypeOf(real) as webcrypto.Crypto;
  const { randomUUID, getRandomValues } = prototype;
  patch(prototype, 'randomUUID', () => {
    const scope = replayedScope();
    return scope === undefined ? randomUUID.call(real) : uuidOf(scope);
  });
  // `node:crypto` reads this one from here too.
  patch(prototype, 'getRandomValues', (view: Uint8Array<ArrayBuffer>) => refill(getRandomValues.call(real, view)));
};

type Callback = (error: Error | null, value: unknown) => void;
type Functions = Record<string, (...args: unknown[]) => unknown>;

/** Each real function is called first, which checks the arguments and makes what is returned; then its chance is replaced. */
const installNodeCrypto = (): void => {
  const module = nodeCrypto as unknown as Functions;
  const real = { ...module };
  const replace = (name: string, replaced: (scope: Scope, args: readonly unknown[]) => unknown): void => {
    patch(module, name, (...args: unknown[]) => {
      const scope = replayedScope();
      return scope === undefined ? real[name]?.(...args) : replaced(scope, args);
    });
  };
  /** Functions that may take a callback as their last argument. */
  const replaceBoth = (name: string, sync: (scope: Scope, args: readonly unknown[]) => unknown): void =>
    replace(name, (scope, args) => {
      const last = args.at(-1);
      if (typeof last !== 'function') return sync(scope, args);
      const value = sync(scope, args.slice(0, -1));
      process.nextTick(last as Callback, null, value);
      return undefined;
    });
  const bytes = (_scope: Scope, args: readonly unknown[]): unknown =>
    refill(real['randomBytes']?.(...args) as Uint8Array);
  for (const name of ['randomBytes', 'pseudoRandomBytes', 'prng', 'rng']) if (name in module) replaceBoth(name, bytes);
  replaceBoth('randomFill', (scope, args) => fillPart(scope, real['randomFillSync']?.(...args), args));
  replace('randomFillSync', (scope, args) => fillPart(scope, real['randomFillSync']?.(...args), args));
  replaceBoth('randomInt', (scope, args) => {
    real['randomInt']?.(...args);
    const [low, high] = args.length === 1 ? [0, args[0] as number] : (args as [number, number]);
    return low + Math.floor(scope.random.fraction() * (high - low));
  });
  replace('randomUUID', (scope) => uuidOf(scope));
};

const bytesOf = (view: ArrayBufferView | ArrayBuffer): Uint8Array =>
  view instanceof ArrayBuffer ? new Uint8Array(view) : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** Replaces what is real in a view by the task's own chance, if a task calls. */
const refill = <View extends ArrayBufferView | ArrayBuffer>(view: View): View => {
  const scope = replayedScope();
  if (scope === undefined) return view;
  const bytes = bytesOf(view);
  bytes.set(scope.random.bytes(bytes.length));
  return view;
};

/** The same for a part: offset and size count elements of the view. */
const fillPart = (scope: Scope, view: unknown, args: readonly unknown[]): unknown => {
  const target = view as ArrayBufferView | ArrayBuffer;
  const elementBytes = (target as Partial<Uint8Array>).BYTES_PER_ELEMENT ?? 1;
  const from = ((args[1] as number | undefined) ?? 0) * elementBytes;
  const size = args[2] as number | undefined;
  const to = size === undefined ? target.byteLength : from + size * elementBytes;
  bytesOf(target).set(scope.random.bytes(to - from), from);
  return view;
};

const uuidOf = (scope: Scope): `${string}-${string}-${string}-${string}-${string}` => {
  const bytes = scope.random.bytes(16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

const patch = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
};
