/**
 * An app is a module: its exports are its definitions, and a definition's name is its export's. This reads them.
 */

import { TuttiError } from '../errors/tutti-error.ts';
import { hash64 } from '../values/hash.ts';
import { definitionKindOf, nameComplaint } from './definition.ts';
import { encodePolicy, policyOf } from './policy.ts';
import { isTask, type TaskDefinition } from './task.ts';

export interface AppCatalogue {
  /** By name, in ascending order of names. */
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  /** The name of a definition of this app; by identity, else by the `{ name }` that it carries. */
  nameOf(definition: TaskDefinition): string | undefined;
  /** The same exactly for apps with the same names, kinds and options: threads compare it (`APP_MISMATCH`). */
  readonly fingerprint: string;
}

/**
 * The definitions that a module exports, nested namespaces included (`export * as billing` makes `billing.invoice`).
 * Exports that are no definitions are left alone. Throws `APP_INVALID` for what cannot be told apart or named.
 */
export const catalogueOf = (namespace: object): AppCatalogue => {
  const found: Found = { names: new Map(), definitions: new Map(), unnamed: [] };
  collect(namespace, '', [], found);
  for (const { definition, at } of found.unnamed) {
    if (!found.names.has(definition))
      throw invalid(`The export ${at} has no name: give it one with task({ name: '…' }, …)`, [at]);
  }
  const definitions = new Map(
    [...found.definitions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { definition }]) => [name, definition]),
  );
  return {
    definitions,
    nameOf(definition) {
      const name = found.names.get(definition)?.name;
      if (name !== undefined) return name;
      return definition.name !== undefined && definitions.has(definition.name) ? definition.name : undefined;
    },
    fingerprint: fingerprintOf(definitions),
  };
};

type Found = {
  readonly names: Map<TaskDefinition, { readonly name: string; readonly at: string }>;
  readonly definitions: Map<string, { readonly definition: TaskDefinition; readonly at: string }>;
  /** Default exports without a name: right only if the same definition is exported under one as well. */
  readonly unnamed: { readonly definition: TaskDefinition; readonly at: string }[];
};

const collect = (namespace: object, prefix: string, above: readonly object[], found: Found): void => {
  for (const key of Object.keys(namespace)) {
    const at = prefix + key;
    const value = readExport(namespace, key, at);
    if (isTask(value)) {
      if (value.name === undefined && key === 'default') found.unnamed.push({ definition: value, at });
      else add(value, value.name ?? at, at, found);
    } else if (isNamespace(value) && value !== namespace && !above.includes(value)) {
      collect(value, `${at}.`, [...above, namespace], found);
    }
  }
};

const add = (definition: TaskDefinition, name: string, at: string, found: Found): void => {
  const complaint = nameComplaint(name);
  if (complaint !== undefined) throw invalid(`The name ${JSON.stringify(name)} of the export ${at} ${complaint}`, [at]);
  const sameDefinition = found.names.get(definition);
  if (sameDefinition !== undefined && sameDefinition.name !== name) {
    throw invalid(
      `${sameDefinition.at} and ${at} are one definition under two names: export it once, or give it a { name }`,
      [sameDefinition.at, at],
    );
  }
  const sameName = found.definitions.get(name);
  if (sameName !== undefined && sameName.definition !== definition) {
    throw invalid(`${sameName.at} and ${at} are two definitions under the name ${name}`, [sameName.at, at]);
  }
  found.names.set(definition, { name, at });
  found.definitions.set(name, { definition, at });
};

/** Reading an export fails while its module has not run (an import cycle). */
const readExport = (namespace: object, key: string, at: string): unknown => {
  try {
    return Reflect.get(namespace, key);
  } catch (cause) {
    throw new TuttiError('APP_INVALID', `The export ${at} cannot be read yet: is there a cycle of imports?`, {
      details: { exports: [at] },
      cause,
    });
  }
};

const isNamespace = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Reflect.get(value, Symbol.toStringTag) === 'Module';

const fingerprintOf = (definitions: ReadonlyMap<string, TaskDefinition>): string => {
  const lines: unknown[] = [];
  for (const [name, definition] of definitions) {
    const policy = policyOf(definition);
    lines.push([
      name,
      definitionKindOf(definition),
      definition.schema !== undefined,
      policy === undefined ? '' : encodePolicy(policy),
    ]);
  }
  return hash64(JSON.stringify(lines));
};

const invalid = (message: string, exports: readonly string[]): TuttiError =>
  new TuttiError('APP_INVALID', message, { details: { exports } });
