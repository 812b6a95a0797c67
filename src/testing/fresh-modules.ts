/**
 * Modules of the user's are loaded anew for each run, so that no run meets what another left in module-level variables. Each
 * is imported under an address that names the run, and so is what it imports itself. Packages, and what is no ES module, are
 * shared by all runs.
 */
import { registerHooks } from 'node:module';

const parameter = 'tutti-run';
const marked = new RegExp(`[?&]${parameter}=(\\d+)`);
/** Tutti's own modules. */
const own = new URL('../', import.meta.url).href;
const shared = new Set(['builtin', 'commonjs', 'commonjs-typescript', 'json', 'wasm', 'addon']);

const runOf = (address: string | undefined): string | undefined => marked.exec(address ?? '')?.[1];

/** The address under which a run imports a module. */
export const freshAddress = (address: string, run: number): string => {
  const url = new URL(address);
  url.searchParams.set(parameter, `${run}`);
  return url.href;
};

const mayBeFresh = (url: string, format: string | null | undefined): boolean =>
  url.startsWith('file:') &&
  !url.startsWith(own) &&
  !url.includes('/node_modules/') &&
  runOf(url) === undefined &&
  !shared.has(format ?? '');

/** Once per thread. `resolved` is told of every module that is asked for by `import`. */
export const installFreshModules = (resolved: (url: string) => void): void => {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const run = runOf(context.parentURL);
      const url =
        run !== undefined && mayBeFresh(found.url, found.format) ? freshAddress(found.url, Number(run)) : found.url;
      if (context.conditions.includes('import')) resolved(url);
      return { ...found, url };
    },
  });
};

/** Text without the marks that tell runs apart. */
export const withoutMarks = (text: string): string => text.replaceAll(new RegExp(`[?&]${parameter}=\\d+`, 'g'), '');
