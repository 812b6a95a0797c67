/** Command lines as one would type them: in hints that people copy. */

const plainWord = /^[\w@%+=:,./-]+$/;

/** A word as a POSIX shell reads it back. */
export const shellWord = (word: string): string => (plainWord.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

export const shellLine = (words: readonly string[]): string => words.map(shellWord).join(' ');

/** How this command is called here: through npx, or by its name. */
export const commandWords = (environment: Readonly<Record<string, string | undefined>>): readonly string[] =>
  environment['npm_command'] === 'exec' ? ['npx', 'tutti'] : ['tutti'];
