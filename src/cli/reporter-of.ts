/** The way in which a command tells what happens: for people, or one JSON object a line. */
import type { LogLevel } from '../node/options.ts';
import { nodeEnv } from '../platform/node.ts';
import { JsonReporter } from './json-reporter.ts';
import type { Reporter } from './reporter.ts';
import type { Shell } from './shell.ts';
import { TerminalReporter } from './terminal-reporter.ts';

export const reporterOf = (json: boolean, logLevel: LogLevel, shell: Shell): Reporter => {
  const { clock } = nodeEnv();
  return json
    ? new JsonReporter({ write: shell.say, now: clock.now, monotonic: clock.monotonic })
    : new TerminalReporter({
        write: shell.say,
        style: shell.talkStyle,
        columns: shell.talkColumns,
        monotonic: clock.monotonic,
        cwd: shell.cwd,
        debug: logLevel === 'debug' || logLevel === 'trace',
      });
};
