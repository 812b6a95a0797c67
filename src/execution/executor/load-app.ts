/**
 * Loads the app's module in this thread. `tutti` is mapped to the running copy where it does not resolve, so that an app
 * may lie anywhere. What goes wrong is `APP_LOAD` with file, line and what to do about it.
 */

import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type AppCatalogue, catalogueOf } from '../../app/catalogue-of-app.ts';
import { isTuttiError, TuttiError } from '../../errors/tutti-error.ts';

/** Throws `APP_LOAD` and `APP_INVALID`. */
export const loadApp = async (address: string): Promise<AppCatalogue> => catalogueOf(await importUsers(address));

/** Imports a module of the user's; `what` names it in errors. Throws `APP_LOAD`. */
export const importUsers = async (address: string, what = 'The app'): Promise<object> => {
  trail ??= watchResolution();
  trail.failed = undefined;
  try {
    return (await import(address)) as object;
  } catch (error) {
    if (isTuttiError(error)) throw error;
    throw appLoad(address, what, error, trail);
  }
};

/** What was resolved last, and what could not be. */
type Trail = {
  lastUrl: string | undefined;
  failed: { readonly specifier: string; readonly from: string | undefined } | undefined;
  readonly files: Set<string>;
};

/**
 * Paths of the files that the app is made of, as far as this thread has loaded or looked for them; none of packages, nor of
 * Tutti itself.
 */
export const filesOfApp = (): readonly string[] => [...(trail?.files ?? [])];

/** Resolution is watched once per thread, from the first import on: also what the app imports later is mapped. */
let trail: Trail | undefined;

const watchResolution = (): Trail => {
  const trail: Trail = { lastUrl: undefined, failed: undefined, files: new Set() };
  registerHooks({
    resolve(specifier, context, next) {
      try {
        const resolved = next(specifier, context);
        trail.lastUrl = resolved.url;
        if (isOfApp(resolved.url)) trail.files.add(fileURLToPath(resolved.url));
        return resolved;
      } catch (error) {
        trail.failed = { specifier, from: context.parentURL };
        if (specifier.startsWith('.') && context.parentURL?.startsWith('file:') === true)
          trail.files.add(fileURLToPath(new URL(specifier, context.parentURL)));
        if (specifier !== 'tutti' && !specifier.startsWith('tutti/')) throw error;
        trail.failed = undefined;
        return next(specifier, { ...context, parentURL: import.meta.url });
      }
    },
  });
  return trail;
};

const ownFolder = new URL('../../', import.meta.url).href;

const isOfApp = (url: string): boolean =>
  url.startsWith('file:') && !url.startsWith(ownFolder) && !url.includes('/node_modules/');

type Place = { readonly file: string | undefined; readonly line: number | undefined };

const appLoad = (address: string, which: string, thrown: unknown, trail: Trail): TuttiError => {
  const { what, remedy, file, line } = diagnose(address, thrown, trail);
  const where = file === undefined ? address : line === undefined ? file : `${file}:${line}`;
  const details: Record<string, unknown> = { module: address };
  if (file !== undefined) details['file'] = file;
  if (line !== undefined) details['line'] = line;
  if (remedy !== undefined) details['remedy'] = remedy;
  const error = new TuttiError(
    'APP_LOAD',
    `${which} could not be loaded. ${where}: ${what}${remedy === undefined ? '' : `. ${remedy}`}`,
    {
      details,
      cause: thrown,
    },
  );
  error.stack = `${error.name}: ${error.message}`;
  return error;
};

type Diagnosis = Place & { readonly what: string; readonly remedy: string | undefined };

const diagnose = (address: string, thrown: unknown, trail: Trail): Diagnosis => {
  const code: unknown = typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, 'code') : undefined;
  const what = thrown instanceof Error ? thrown.message : `it threw ${String(thrown)}`;
  switch (code) {
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return {
        ...placeOf(thrown, trail),
        what,
        remedy:
          'Types are stripped, not compiled: write a union or a const object instead of an enum, fields instead of parameter properties, modules instead of namespaces',
      };
    case 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING':
      return {
        file: trail.lastUrl === undefined ? undefined : pathOf(trail.lastUrl),
        line: undefined,
        what: 'TypeScript under node_modules is not run as it is',
        remedy: 'Move the app out of node_modules, or compile it to JavaScript',
      };
    case 'ERR_MODULE_NOT_FOUND':
    case 'ERR_UNSUPPORTED_DIR_IMPORT':
      return missing(address, what, thrown, trail);
    case 'ERR_IMPORT_ATTRIBUTE_MISSING':
      return { ...placeOfImport(trail), what, remedy: "Import JSON with { type: 'json' }" };
    default:
  }
  const place = placeOf(thrown, trail);
  if (/^Cannot use import statement outside a module|^Unexpected token 'export'/.test(what)) {
    return {
      ...place,
      what: `${what}: its package.json says "type": "commonjs"`,
      remedy: 'Set "type": "module" in it, or name the file .mts',
    };
  }
  const syntax = thrown instanceof SyntaxError;
  return { ...place, what: syntax ? what : `it threw while it was imported: ${what}`, remedy: undefined };
};

const missing = (address: string, what: string, thrown: unknown, trail: Trail): Diagnosis => {
  const { failed } = trail;
  const url: unknown = Reflect.get(thrown as object, 'url');
  if (failed === undefined || failed.specifier === address) {
    return { file: pathOf(address), line: undefined, what: 'there is no such module', remedy: undefined };
  }
  const { specifier } = failed;
  const place = placeOfImport(trail);
  if (!specifier.startsWith('.') || typeof url !== 'string') {
    return { ...place, what: `the package ${JSON.stringify(specifier)} is not installed`, remedy: undefined };
  }
  const ending = ['.ts', '.js', '.mts', '.mjs', '/index.ts', '/index.js'].find((end) => existsSync(pathOf(url) + end));
  if (ending !== undefined) {
    return { ...place, what: `an import without extension: '${specifier}'`, remedy: `Write '${specifier}${ending}'` };
  }
  const typescript = url.endsWith('.js') && existsSync(`${pathOf(url).slice(0, -3)}.ts`);
  if (typescript) {
    return { ...place, what: `there is no '${specifier}'`, remedy: `Write '${specifier.slice(0, -3)}.ts'` };
  }
  return { ...place, what, remedy: undefined };
};

/** The line of the import that could not be resolved. */
const placeOfImport = ({ failed, lastUrl }: Trail): Place => {
  const from = failed?.from ?? lastUrl;
  if (from === undefined) return { file: undefined, line: undefined };
  const file = pathOf(from);
  const specifier = failed?.specifier;
  if (specifier === undefined || !existsSync(file)) return { file, line: undefined };
  const lines = readFileSync(file, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes(`'${specifier}'`) || line.includes(`"${specifier}"`));
  return { file, line: at < 0 ? undefined : at + 1 };
};

/** The place that a stack names first outside of Node and of us, else the module that was being loaded. */
const placeOf = (thrown: unknown, { lastUrl }: Trail): Place => {
  const stack: unknown = typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, 'stack') : undefined;
  const lines = typeof stack === 'string' ? stack.split('\n') : [];
  const head = /^((?:file:\/\/)?\/.*):(\d+)$/.exec(lines[0] ?? '');
  if (head !== null) return { file: pathOf(head[1] as string), line: Number(head[2]) };
  for (const line of lines) {
    const frame = /(file:\/\/.*?):(\d+):\d+\)?$/.exec(line);
    if (frame !== null && frame[1] !== import.meta.url)
      return { file: pathOf(frame[1] as string), line: Number(frame[2]) };
  }
  return { file: lastUrl === undefined ? undefined : pathOf(lastUrl), line: undefined };
};

const pathOf = (address: string): string => (address.startsWith('file:') ? fileURLToPath(address) : address);
