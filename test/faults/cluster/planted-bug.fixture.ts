/** Loaded in each thread of a node before all else: the bug that the environment names is in what is loaded from then on. */
import { registerHooks } from 'node:module';
import { patched } from '../../simulation/planted/patch.ts';
import { clusterBugs, plantVariable } from './planted-bugs.ts';

const bug = clusterBugs.find(({ name }) => name === process.env[plantVariable]);
if (bug === undefined) throw new Error(`There is no bug ${process.env[plantVariable]}.`);

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context);
    const patches = bug.patches.filter(({ file }) => url.endsWith(`/${file}`));
    if (patches.length === 0) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString();
    return { ...loaded, source: patches.reduce((text, patch) => patched(text, patch), source) };
  },
});
