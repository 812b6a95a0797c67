/** `tutti completion`: prints what a shell needs to complete the command line. It asks `tutti complete` at each Tab. */
import { Argument, type Command } from 'commander';
import { withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import type { Shell } from './shell.ts';

const names = ['bash', 'zsh', 'fish'] as const;
type Name = (typeof names)[number];

export const addCompletionCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  withExamples(
    program.command('completion'),
    'print the completion of a shell',
    'Prints what a shell needs to complete commands, options, ids of tasks and names of tasks.',
    [
      `eval "$(tutti completion bash)"                                       in ~/.bashrc`,
      `eval "$(tutti completion zsh)"                                        in ~/.zshrc, after compinit`,
      'tutti completion fish > ~/.config/fish/completions/tutti.fish',
    ],
  )
    .addArgument(new Argument('<shell>', 'which shell').choices(names))
    .action(async (name: Name) => {
      await shell.print(scripts[name]);
      exit(exitCode.ok);
    });
};

/** Lines are a candidate, a tab and what it is. Where none comes, file names are completed. */
const scripts: Readonly<Record<Name, string>> = {
  // Words are cut at blanks alone: bash itself also cuts at the colons of addresses.
  bash: `_tutti() {
  local line words candidate
  line=\${COMP_LINE:0:COMP_POINT}
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    [[ -n $candidate ]] && COMPREPLY+=("$candidate")
  done < <("\${words[0]}" complete -- "\${words[@]:1}" 2> /dev/null)
}
complete -o default -F _tutti tutti
`,
  zsh: `#compdef tutti
_tutti() {
  local line
  local -a candidates
  while IFS= read -r line; do
    candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)
  if (( \${#candidates} )); then
    _describe -V tutti candidates
  else
    _files
  fi
}
compdef _tutti tutti
`,
  fish: `function __tutti_complete
    set -l words (commandline -opc)
    set -l found ($words[1] complete -- $words[2..] (commandline -ct) 2> /dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c tutti -f -a '(__tutti_complete)'
`,
};
