/**
 * Task code as data, for executors in tests: what a task does, what must come of it, and how one attempt gets as far as its
 * journal lets it. A program is walked from its beginning whenever something new is known, as a replay would.
 */
import { encodeError } from '../values/codec.ts';
import { hash64 } from '../values/hash.ts';

export type Op =
  /** `ctx.run`; with `fails` its function throws for good, which the task catches. */
  | { readonly op: 'run'; readonly value: number; readonly fails?: boolean }
  | { readonly op: 'sleep'; readonly ms: number }
  | { readonly op: 'call'; readonly child: Program; readonly keyed?: boolean }
  | { readonly op: 'start'; readonly child: Program; readonly keyed?: boolean }
  /** Waits for the child that op `at` started. */
  | { readonly op: 'join'; readonly at: number }
  | { readonly op: 'map'; readonly items: readonly Program[]; readonly collect: boolean }
  /** Computes for a while, which nobody journals. */
  | { readonly op: 'work' }
  | { readonly op: 'log' }
  | { readonly op: 'all'; readonly ops: readonly Op[] };

export type Program = {
  readonly ops: readonly Op[];
  /** How it ends, if not well: it throws (`fail`, so that it is tried again; `fatal`), or throws in its first attempts. */
  readonly end?: 'fail' | 'fatal' | { readonly flaky: number };
};

export type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false };

/** What must come of a program. What a task catches is −1 to it. */
export const expected = (program: Program): Outcome =>
  program.end === 'fail' || program.end === 'fatal'
    ? { ok: false }
    : { ok: true, value: program.ops.map((op) => opValue(op, program)) };

const opValue = (op: Op, program: Program): unknown => {
  switch (op.op) {
    case 'run':
      return op.fails === true ? -1 : op.value;
    case 'call':
      return caught(expected(op.child));
    case 'join': {
      const start = program.ops[op.at];
      return start?.op === 'start' ? caught(expected(start.child)) : -1;
    }
    case 'map': {
      const outcomes = op.items.map(expected);
      return !op.collect && outcomes.some(({ ok }) => !ok) ? -1 : outcomes.map(caught);
    }
    case 'all':
      return op.ops.map((each) => opValue(each, program));
    default:
      return 0;
  }
};

const caught = (outcome: Outcome): unknown => (outcome.ok ? outcome.value : -1);

export const thrownText = encodeError(new Error('as planned'));
export const childKey = (child: Program): string => hash64(JSON.stringify(child));

/** What a walk may ask and do: the journal of one attempt, and reports to its leader. */
export interface Walker {
  /** The result of a step; undefined while there is none. */
  result(key: string): { readonly ok: boolean; readonly text: string } | undefined;
  /** Calls a step: reports it unless the attempt has, or the journal knows it. */
  call(key: string, op: Op, program: Program, startKey: string): void;
  /** The results of a map in order, undefined until all are there. */
  mapResults(key: string): readonly unknown[] | undefined;
  worked(key: string): boolean;
  log(key: string): void;
}

/** The values of all ops, or undefined: it waits. */
export const walk = (walker: Walker, program: Program, prefix: string): readonly unknown[] | undefined => {
  const values: unknown[] = [];
  for (const [at, op] of program.ops.entries()) {
    const value = walkOp(walker, op, program, `${prefix}${at}`, prefix);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
};

const walkOp = (walker: Walker, op: Op, program: Program, key: string, prefix: string): unknown => {
  if (op.op === 'all') {
    const values = op.ops.map((each, at) => walkOp(walker, each, program, `${key}.${at}`, prefix));
    return values.includes(undefined) ? undefined : values;
  }
  if (op.op === 'log') {
    walker.log(key);
    return 0;
  }
  if (op.op === 'work') return walker.worked(key) ? 0 : undefined;
  walker.call(key, op, program, op.op === 'join' ? `${prefix}${op.at}` : '');
  const result = walker.result(key);
  if (result === undefined) return undefined;
  if (!result.ok) return -1;
  switch (op.op) {
    case 'run':
      return (JSON.parse(result.text) as [number, string])[0];
    case 'call':
    case 'join':
      return JSON.parse(result.text);
    case 'map':
      return walker.mapResults(key);
    default:
      return 0;
  }
};
