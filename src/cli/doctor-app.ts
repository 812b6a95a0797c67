/** Whether an app loads: in a process of its own, as `tutti run` without a task does it, so that nothing it does ends the doctor. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { isTuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { appFile } from './app-file.ts';
import { childEntries } from './child-entries.ts';
import type { Finding } from './doctor-checks.ts';
import type { RunRequest } from './run-protocol.ts';
import { Supervisor } from './supervisor.ts';

/** `app`: as on the command line; `say` gets what the app prints. */
export const checkApp = async (app: string, cwd: string, say: (line: string) => void): Promise<Finding> => {
  const facts = { app };
  const fault = (what: string, fix: string): Finding => ({ check: 'app', facts, fault: { what, fix } });
  let file: string;
  try {
    file = appFile(path.resolve(cwd, app), app);
  } catch (error) {
    return fault((error as Error).message, 'Name the module of the app.');
  }
  const supervisor = new Supervisor(childEntries.run, loadOnly(file), {
    message: () => undefined,
    output: say,
    crashed: () => undefined,
  });
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    supervisor.kill();
  }, limits.appLoadMs);
  const outcome = await supervisor.run();
  clearTimeout(limit);
  if (late)
    return fault(
      `${app} has not been loaded after ${limits.appLoadMs / 1_000} s.`,
      'Look for a loop, or an await that never ends, at the top of its modules.',
    );
  if (outcome.kind !== 'failed')
    return fault(
      `${app} could not be looked at: it ended the process that loads it.`,
      'Look for what it does with process at the top of its modules.',
    );
  const { error } = outcome;
  const names: unknown = isTuttiError(error) && error.code === 'TASK_UNKNOWN' ? error.details['names'] : undefined;
  if (!Array.isArray(names))
    return fault(`${error.message.replace(/\.$/, '')}.`, 'Mend the app; tutti dev shows each try.');
  if (names.length === 0) return fault(`${app} exports no tasks.`, 'Export what task(…) gives.');
  return { check: 'app', facts: { app, tasks: names } };
};

/** Without a task nothing is opened: the answer names the tasks that there are. */
const loadOnly = (file: string): RunRequest => ({
  kind: 'run',
  app: pathToFileURL(file).href,
  task: undefined,
  input: undefined,
  settings: {
    data: '',
    engine: 'memory',
    executors: undefined,
    slots: undefined,
    partitions: undefined,
    logLevel: 'warn',
    hangLimitMs: undefined,
  },
  key: undefined,
  id: '',
  attach: undefined,
  retry: false,
});
