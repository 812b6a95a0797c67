/**
 * The `tutti` command: puts the commands together, and turns what comes of them into an exit code. stdout holds data only, help
 * that was asked for included; everything else goes to stderr.
 */
import { Command, CommanderError } from 'commander';
import { addCancelCommand } from './cancel.ts';
import { addCompleteCommand } from './complete.ts';
import { addCompletionCommand } from './completion.ts';
import { addDoctorCommand } from './doctor.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import { addFollowCommand } from './follow.ts';
import { addInitCommand } from './init.ts';
import { addListCommand } from './list.ts';
import { addLogsCommand } from './logs.ts';
import { addMachineCommands } from './machine-commands.ts';
import { addPlacementCommands } from './placement.ts';
import { renderError } from './render-error.ts';
import { addRetryCommand } from './retry.ts';
import { addRunCommand } from './run-command.ts';
import { addServeCommands } from './serve-command.ts';
import { processShell, type Shell } from './shell.ts';
import { addStartCommand } from './start.ts';
import { addStatusCommand } from './status.ts';
import { addTopCommand } from './top/top-command.ts';
import { addUpCommands } from './up-command.ts';
import { packageVersion } from './version.ts';

/** Runs the command line (without `node` and the script). Never ends the process; gives its exit code. */
export const main = async (argv: readonly string[], shell: Shell = processShell()): Promise<number> => {
  let code: number = exitCode.ok;
  const program = programOf(shell, (given) => {
    code = given;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    const debug = argv.includes('debug') || argv.includes('trace');
    const lines = renderError(error, { style: shell.talkStyle, cwd: shell.cwd, debug });
    shell.say(`${lines.join('\n')}\n`);
    return exitCodeOf(error);
  }
};

/** The commands as commander has them; `exit` is told the exit code of the one that was run. */
export const programOf = (shell: Shell, exit: (code: number) => void): Command => {
  const program = new Command('tutti')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void shell.print(text),
      writeErr: shell.say,
      getOutHelpWidth: () => shell.outColumns() ?? helpColumns,
      getErrHelpWidth: () => shell.talkColumns() ?? helpColumns,
    })
    .addHelpText(
      'before',
      `Durable, parallel tasks as plain TypeScript functions.

Examples:
  tutti init shop                       writes a first app
  tutti run app.ts report '"2026-11"'   runs one of its tasks
  tutti dev app.ts                      serves it while you write it
  tutti list                            what has run here
  tutti up app.ts                       makes this machine the first of a cluster
`,
    )
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .version(packageVersion(), '-V, --version', 'show the version')
    .showHelpAfterError('Help: tutti --help');
  addRunCommand(program, shell, exit);
  addServeCommands(program, shell, exit);
  addUpCommands(program, shell, exit);
  addMachineCommands(program, shell, exit);
  addStartCommand(program, shell, exit);
  addListCommand(program, shell, exit);
  addStatusCommand(program, shell, exit);
  addTopCommand(program, shell, exit);
  addCancelCommand(program, shell, exit);
  addRetryCommand(program, shell, exit);
  addFollowCommand(program, shell, exit);
  addLogsCommand(program, shell, exit);
  addPlacementCommands(program, shell, exit);
  addInitCommand(program, shell, exit);
  addDoctorCommand(program, shell, exit);
  addCompletionCommand(program, shell, exit);
  addCompleteCommand(program, shell, exit);
  return program;
};

const helpColumns = 120;
