/** Finds the module of an app that was named on the command line. */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TuttiError } from '../errors/tutti-error.ts';
import { didYouMean } from './near-names.ts';

/** The path, if there is a file; else `APP_LOAD` says what there is. */
export const appFile = (path: string, asGiven: string): string => {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() === true) return path;
  const details = { module: path };
  if (stats !== undefined)
    throw new TuttiError('APP_LOAD', `${asGiven} is no file. Name the app's module, such as ${asGiven}/app.ts.`, {
      details,
    });
  let beside: readonly string[] = [];
  try {
    beside = readdirSync(dirname(path)).filter((name) => /\.[cm]?[jt]s$/.test(name));
  } catch {
    // There is no such folder either.
  }
  throw new TuttiError(
    'APP_LOAD',
    `There is no file ${asGiven} (looked for ${path}).${didYouMean(basename(path), beside)}`,
    { details },
  );
};

/** The address of an app that was named in the folder `cwd`. Throws `APP_LOAD`. */
export const appAddress = (cwd: string, app: string): string => pathToFileURL(appFile(resolve(cwd, app), app)).href;
