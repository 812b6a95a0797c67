/** What a Tab gives in a real zsh and a real fish, on tasks that are there. */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CompletionPlace, openCompletionPlace } from '../cli/completion-place.fixture.ts';

let opened: CompletionPlace;
beforeAll(async () => {
  opened = await openCompletionPlace();
  const { place } = opened;
  place.write('.zshrc', zshrc);
  place.write('press-tab.zsh', pressTab);
});
afterAll(() => opened.close());

/** What a program prints; rejects where it fails, also where it is not there. */
const printed = (program: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const env = {
      ...opened.env,
      HOME: opened.place.folder,
      ZDOTDIR: opened.place.folder,
      TERM: 'dumb',
      LC_ALL: 'C.UTF-8',
    };
    execFile(program, args, { cwd: opened.place.folder, env, timeout: 60_000 }, (error, out, err) => {
      if (error === null && err === '') resolve(out);
      else reject(new Error(`${error?.message ?? ''}\n${err}`));
    });
  });

/** A candidate and what it is, as shells show them. */
type Offered = Readonly<Record<string, string>>;

/** A shell as people have it, but that a key says what the line is then. */
const zshrc = `PROMPT='' RPROMPT=''
unsetopt prompt_cr prompt_sp beep list_ambiguous list_packed
stty cols 200 rows 200
autoload -Uz compinit && compinit -u -D
eval "$(tutti completion zsh)"
told() { print -r -- "<$BUFFER>" }
zle -N told
bindkey '^X' told
print ready
`;

/** Types a line into a zsh at a terminal of its own, then Tab, then that key. */
const pressTab = `zmodload zsh/zpty
zpty inner zsh -d -i
zpty -r inner seen '*ready*'
zpty -w -n inner "$1"$'\\t\\x18'
zpty -r inner seen '*<*>*'
print -r -- "$seen"
zpty -d inner
`;

/** What the line is after a Tab, and what is listed below it. */
const inZsh = async (line: string): Promise<{ readonly line: string; readonly offered: Offered }> => {
  const seen = (await printed('zsh', ['-f', 'press-tab.zsh', line])).replaceAll('\r', '');
  const listed = [...seen.matchAll(/^(\S+) +-- (.*?) *$/gm)].map(([, candidate, about]) => [candidate, about]);
  return { line: /<(.*)>/.exec(seen)?.[1] ?? seen, offered: Object.fromEntries(listed) as Offered };
};

const fishScript = 'tutti completion fish | source; complete -C $argv[1]';

const inFish = async (line: string): Promise<Offered> =>
  Object.fromEntries(
    (await printed('fish', ['--no-config', '-c', fishScript, line]))
      .split('\n')
      .filter((each) => each !== '')
      .map((each) => each.split('\t')),
  ) as Offered;

describe('zsh', () => {
  test('completes commands and what options can have', async () => {
    const { offered } = await inZsh('tutti ');
    expect(Object.keys(offered)).toEqual(expect.arrayContaining(['run', 'dev', 'list', 'completion', 'help']));
    expect(offered).not.toHaveProperty('complete');
    expect(offered['dev']).toMatch(/\w/);
    expect((await inZsh('tutti re')).line).toBe('tutti retry ');
    expect((await inZsh('tutti list --state fai')).line).toBe('tutti list --state failed ');
  });

  test('completes ids of tasks that are there, with what they are, and addresses with their colons', async () => {
    const { ids, url } = opened;
    const { offered } = await inZsh(`tutti status --url ${url} `);
    expect(Object.keys(offered).sort()).toEqual([ids.fails, ids.hello].sort());
    expect(offered[ids.fails]).toMatch(/^fails failed, .* old$/);
    expect(offered[ids.hello]).toMatch(/^hello scheduled, .* old$/);
    expect((await inZsh('tutti cancel ')).line).toBe(`tutti cancel ${ids.hello} `);
    expect((await inZsh('tutti retry ')).line).toBe(`tutti retry ${ids.fails} `);
    expect((await inZsh(`tutti start --url ${url} he`)).line).toBe(`tutti start --url ${url} hello `);
  });

  test('completes names of files where files are meant', async () => {
    expect((await inZsh('tutti dev app')).line).toBe('tutti dev app.ts ');
  });
});

describe('fish', () => {
  test('completes commands and what options can have', async () => {
    const offered = await inFish('tutti ');
    expect(Object.keys(offered)).toEqual(expect.arrayContaining(['run', 'dev', 'list', 'completion', 'help']));
    expect(offered).not.toHaveProperty('complete');
    expect(offered['dev']).toMatch(/\w/);
    expect(Object.keys(await inFish('tutti re'))).toEqual(['retry']);
    expect(Object.keys(await inFish('tutti list --state fai'))).toEqual(['failed']);
  });

  test('completes ids of tasks that are there, with what they are, and addresses with their colons', async () => {
    const { ids, url } = opened;
    const offered = await inFish(`tutti status --url ${url} `);
    expect(Object.keys(offered).sort()).toEqual([ids.fails, ids.hello].sort());
    expect(offered[ids.fails]).toMatch(/^fails failed, .* old$/);
    expect(offered[ids.hello]).toMatch(/^hello scheduled, .* old$/);
    expect(Object.keys(await inFish('tutti cancel '))).toEqual([ids.hello]);
    expect(Object.keys(await inFish('tutti retry '))).toEqual([ids.fails]);
    expect(Object.keys(await inFish(`tutti start --url ${url} he`))).toEqual(['hello']);
  });

  test('completes names of files where files are meant', async () => {
    expect(Object.keys(await inFish('tutti dev app'))).toEqual(['app.ts']);
  });
});
