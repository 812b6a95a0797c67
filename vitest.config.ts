/**
 * The tests that `npm test` runs. Two kinds: `unit` lies beside the code it tests; `process` lies in `test/` and starts threads
 * and processes. `npm run test:crash` runs `crash`, which ends and kills processes a hundred times, and `alone` likewise but one file
 * after the other, last. `test/pack` is apart (`npm run test:pack`), because it installs packages, as `test/runtimes`
 * (`npm run test:runtimes`) and `test/next` (`npm run test:next`) do, and so are `test/browser` (`npm run test:browser`), because it
 * needs a browser, `test/shells` (`npm run test:shells`), because it needs shells, `test/outside` (`npm run test:outside`), because it
 * makes networks, and `test/deploy` (`npm run test:deploy`), because it starts containers.
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { closingLineReporter } from './tools/closing-line.ts';

/** Most of them wait for processes and for time: two at once also on two processors, where the default would be one. */
const maxWorkers = Math.max(2, availableParallelism() - 1);

/** What must end within a second is run with nothing beside it. */
const alone = ['test/faults/process-exit-store.test.ts', 'test/crash/ending.test.ts'];
const crash = ['test/crash/**/*.test.ts', 'test/faults/*.test.ts', 'test/inventory/killed.test.ts'];

/**
 * On Node.js 22 runs what depends on the runtime: its sockets, files, threads, processes, its JSON and numbers, packages with native
 * code. What does not runs on the newest line alone:
 */
const newestOnly = process.versions.node.startsWith('22.')
  ? [
      // The developers' own tools, and the page, which runs in browsers.
      '{tools,bench,dashboard}/**',
      // Pure state machines over drawn inputs. That they run the same on both lines is shown by test/simulation/same-run.test.ts.
      'src/{cluster,partition,tasks,testing}/**/*.property.test.ts',
      // Machines as people start them, and what befalls them: the nodes of nodes.test.ts are the same ones.
      'test/cluster/{alone,demo,from-embedded,health,lost-log,one-copy,renewal,servers-of-your-own,three-copies,up-from}.test.ts',
      // A hail of drawn kills, which strike the files. What a store and a log leave behind on each line: test/faults, test/open.
      'test/crash/crash.test.ts',
    ]
  : [];

export default defineConfig({
  // Not in node_modules, whose files the main job counts.
  cacheDir: '.vitest',
  test: {
    reporters: ['default', closingLineReporter],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          maxWorkers,
          include: ['{src,tools,examples,dashboard}/**/*.test.ts', 'bench/*.test.ts', 'bench/src/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...newestOnly],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'process',
          maxWorkers,
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/runtimes/**',
            'test/next/**',
            'test/pack/**',
            'test/browser/**',
            'test/faults/cluster/**',
            'test/outside/**',
            'test/deploy/**',
            'test/shells/**',
            'test/simulation/*.test.ts',
            'test/simulation/planted/**',
            '**/node_modules/**',
            ...crash,
            ...newestOnly,
          ],
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'crash',
          maxWorkers,
          include: crash,
          exclude: [...alone, ...newestOnly],
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          // The command line once more, over folders of eight partitions.
          name: 'partitions-8',
          maxWorkers,
          include: ['test/cli/**/*.test.ts'],
          // What is no matter of partitions; and how many there are is no matter of the runtime.
          exclude: ['test/cli/{completion,dev,doctor}.test.ts', ...(newestOnly.length > 0 ? ['**'] : [])],
          env: { TUTTI_PARTITIONS: '8' },
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
