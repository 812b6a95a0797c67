/** `tutti doctor`: says what is wrong with this machine, folder and app, and how it is mended. Silent where nothing is. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { dataOption, hostOption, portOption, withExamples } from './command-options.ts';
import { checkApp } from './doctor-app.ts';
import { checkClock, checkFolder, checkNode, checkOpenFiles, type Finding, readClocks } from './doctor-checks.ts';
import { checkPort } from './doctor-port.ts';
import { exitCode } from './exit-code.ts';
import type { Shell } from './shell.ts';

type Options = { readonly data: string; readonly host: string; readonly port: number; readonly json?: boolean };

export const addDoctorCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  withExamples(
    program.command('doctor'),
    'say what is wrong with this machine, folder or app',
    'Looks at what a node needs, and says in one line what is wrong and how it is mended. Silent where nothing is.',
    [
      'tutti doctor',
      'tutti doctor app.ts --data /srv/shop --port 80',
      'tutti doctor --json       all that was measured',
    ],
  )
    .argument('[app]', "the app's module, to see whether it loads")
    .addOption(dataOption())
    .addOption(hostOption())
    .addOption(portOption())
    .option('--json', 'print each check, with what was measured, as one JSON object a line')
    .addHelpText('after', '\nExit codes: 0 nothing is wrong, 1 something is, 2 usage.')
    .action(async (app: string | undefined, options: Options) => exit(await doctor(app, options, shell)));
};

const doctor = async (app: string | undefined, options: Options, shell: Shell): Promise<number> => {
  const clocks = readClocks();
  const folder = resolve(shell.cwd, options.data);
  const findings: Finding[] = [checkNode(), checkOpenFiles(), ...checkFolder(folder)];
  findings.push(await checkPort(options.host, options.port));
  if (app !== undefined) findings.push(await checkApp(app, shell.cwd, (line) => shell.say(`${line}\n`)));
  // Last: so it has been watched for as long as there was to do.
  findings.push(checkClock(folder, clocks));
  for (const { check, facts, fault, note } of findings) {
    if (options.json === true)
      await shell.print(`${JSON.stringify({ check, ok: fault === undefined, ...facts, ...fault, note })}\n`);
    else if (fault !== undefined) await shell.print(`${shell.outStyle.bad(`${check}:`)} ${fault.what} ${fault.fix}\n`);
    if (note !== undefined) shell.say(`${note}\n`);
  }
  return findings.some(({ fault }) => fault !== undefined) ? exitCode.failed : exitCode.ok;
};
