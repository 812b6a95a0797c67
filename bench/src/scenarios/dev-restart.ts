/** `tutti dev` on an app of two files, of which one is saved again and again: how long until the new code serves. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'tutti/client';
import { span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';

const bin = join(import.meta.dirname, '../../../bin/tutti.js');
const saves = 20;
/** Between two saves. It gets a process ready for the next one meanwhile. */
const calmMs = 2_000;

const app = `import { task } from 'tutti';
import { version } from './version.ts';
export const which = task(async () => version);
`;

export const devRestart: Scenario = {
  name: 'dev-restart',
  cases: [undefined],
  async run(options) {
    const { folder, executors, partitions } = options;
    const n = scaled(saves, options);
    const save = (version: number): void =>
      writeFileSync(join(folder, 'version.ts'), `export const version = ${version};\n`);
    writeFileSync(join(folder, 'app.ts'), app);
    save(0);
    const node = ['--port', '0', '--executors', `${executors}`, '--partitions', `${partitions}`];
    const child = spawn(process.execPath, [bin, 'dev', 'app.ts', ...node], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const said = new Lines(child);
    const [, url = ''] = await said.next(/^ready +(\S+)$/);
    const client = connect(url);
    const latencies = new Float64Array(n);
    const { seconds, cpuSeconds } = await span(async () => {
      for (let version = 1; version <= n; version++) {
        await pause(calmMs);
        const begun = performance.now();
        save(version);
        await said.next(/^restarted/);
        latencies[version - 1] = performance.now() - begun;
        check((await client.tasks['which']?.run()) === version, 'the code before the save serves');
      }
    });
    await client.close();
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    return { n, seconds, cpuSeconds, latencies: latencies.sort(), extra: {}, settings: { files: 2 } };
  },
};

/** What a process says, line by line. */
class Lines {
  readonly #lines: NodeJS.AsyncIterator<string>;

  constructor({ stderr }: ChildProcess) {
    if (stderr === null) throw new Error('Its stderr is not piped.');
    this.#lines = createInterface(stderr)[Symbol.asyncIterator]();
  }

  /** The next line of this kind. */
  async next(kind: RegExp): Promise<RegExpExecArray> {
    for (let all = ''; ; ) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`It ended without ${kind}:\n${all}`);
      const found = kind.exec(value);
      if (found !== null) return found;
      all += `${value}\n`;
    }
  }
}
