/**
 * Calls that have no place in a simulated world, because what they give, or when, differs from run to run: the network, other
 * processes and threads, and whatever Node.js does beside the thread (those functions of `node:fs`, `node:zlib` and
 * `node:crypto` that have a twin whose name ends with `Sync`, which is allowed). Between worlds, as while modules are loaded,
 * they are real.
 */
import childProcess from 'node:child_process';
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import workerThreads from 'node:worker_threads';
import zlib from 'node:zlib';
import { patch } from './patch.ts';

type Callable = (this: unknown, ...args: unknown[]) => unknown;

/** A virtual one is there for this. */
const virtual = 'randomFill';

const subtle = [
  'digest',
  'encrypt',
  'decrypt',
  'sign',
  'verify',
  'generateKey',
  'deriveKey',
  'deriveBits',
  'importKey',
];

const functionsOf = (module: object): readonly string[] =>
  Object.keys(module).filter((name) => typeof Reflect.get(module, name) === 'function');

const lookupsOf = (module: object): readonly string[] =>
  functionsOf(module).filter((name) => /^(lookup|resolve|reverse)/.test(name));

const withTwinsOf = (module: object): readonly string[] =>
  functionsOf(module).filter((name) => `${name}Sync` in module && name !== virtual);

const refused: readonly (readonly [at: string, target: object, names: readonly string[]])[] = [
  ['net.Socket', net.Socket.prototype, ['connect']],
  ['net.Server', net.Server.prototype, ['listen']],
  ['tls', tls, ['connect']],
  ['http', http, ['request', 'get']],
  ['https', https, ['request', 'get']],
  ['http2', http2, ['connect']],
  ['dgram', dgram, ['createSocket']],
  ['dns', dns, lookupsOf(dns)],
  ['dns.promises', dns.promises, lookupsOf(dns.promises)],
  ['worker_threads', workerThreads, ['Worker']],
  ['child_process', childProcess, functionsOf(childProcess)],
  ['fs', fs, [...withTwinsOf(fs), 'createReadStream', 'createWriteStream', 'watch', 'watchFile']],
  ['fs.promises', fs.promises, functionsOf(fs.promises)],
  ['zlib', zlib, withTwinsOf(zlib)],
  ['crypto', crypto, withTwinsOf(crypto)],
  ['crypto.subtle', Object.getPrototypeOf(crypto.webcrypto.subtle) as object, subtle],
];

/** `refusal` gives what a call throws; undefined: it is real now. */
export const refuseCalls = (refusal: (call: string) => Error | undefined): void => {
  const check = (call: string): void => {
    const error = refusal(call);
    if (error !== undefined) throw error;
  };
  const refuse = (target: object, name: string, call: string): void => {
    // A proxy, so that statics, the prototype and what subclasses need stay what they are.
    const guarded = new Proxy(Reflect.get(target, name) as Callable, {
      apply(real, self, args) {
        check(call);
        return Reflect.apply(real, self, args);
      },
      construct(real, args, newTarget) {
        check(call);
        return Reflect.construct(real, args, newTarget) as object;
      },
    });
    patch(target, name, guarded);
  };
  for (const name of ['fetch', 'WebSocket', 'EventSource'])
    if (Reflect.get(globalThis, name) !== undefined) refuse(globalThis, name, name);
  for (const [at, target, names] of refused) for (const name of names) refuse(target, name, `${at}.${name}`);
};
