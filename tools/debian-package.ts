/**
 * Programs from Debian's packages, without installing them: taken from the mirror that this machine uses, verified with the keys it
 * trusts, and unpacked into a folder.
 */
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const isDebian = (): boolean =>
  existsSync('/etc/os-release') && /^ID=["']?debian["']?$/m.test(readFileSync('/etc/os-release', 'utf8'));

/**
 * The path of `program` of the package of that release, somewhere below `folder`. apt has lists and caches of its own there: it knows no
 * package of this machine and changes nothing of it.
 */
export const unpackProgram = async (
  release: string,
  packageName: string,
  program: string,
  folder: string,
): Promise<string> => {
  const { mirror, keys } = aptSource();
  const at = (name: string): string => path.join(folder, name);
  for (const name of ['sources', 'lists/partial', 'cache/archives/partial', 'state', 'deb', 'tree'])
    await mkdir(at(name), { recursive: true });
  await writeFile(at('state/status'), '');
  await writeFile(
    at('sources/one.sources'),
    `Types: deb\nURIs: ${mirror}\nSuites: ${release}\nComponents: main\nSigned-By: ${keys}\n`,
  );
  const options = [
    'Dir::Etc::SourceList=/dev/null',
    `Dir::Etc::SourceParts=${at('sources')}`,
    `Dir::State=${at('state')}`,
    `Dir::State::Lists=${at('lists')}`,
    `Dir::State::Status=${at('state/status')}`,
    `Dir::Cache=${at('cache')}`,
    'Acquire::Languages=none',
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  const settings = { cwd: at('deb'), timeout: 120_000 };
  await run('apt-get', [...options, '-qq', 'update'], settings);
  await run('apt-get', [...options, '-qq', 'download', packageName], settings);
  const [deb] = (await readdir(at('deb'))).filter((name) => name.endsWith('.deb'));
  if (deb === undefined) throw new Error('apt-get brought no package');
  await run('dpkg', ['-x', at(`deb/${deb}`), at('tree')], settings);
  const [binary] = globSync(`**/{bin,sbin,cli-plugins}/${program}`, { cwd: at('tree') });
  if (binary === undefined) throw new Error(`there is no ${program} in ${deb}`);
  return at(`tree/${binary}`);
};

/** The mirror and the keys with which this machine gets Debian itself. */
export const aptSource = (): { readonly mirror: string; readonly keys: string } => {
  const keysDefault = '/usr/share/keyrings/debian-archive-keyring.gpg';
  for (const file of globSync('/etc/apt/sources.list.d/*.sources')) {
    for (const paragraph of readFileSync(file, 'utf8').split(/\n\s*\n/)) {
      const field = (name: string): string | undefined =>
        new RegExp(`^${name}:\\s*(\\S+)`, 'im').exec(paragraph.replaceAll(/^#.*\n/gm, ''))?.[1];
      const mirror = field('URIs');
      if (mirror !== undefined && /\/debian\/?$/.test(mirror))
        return { mirror, keys: field('Signed-By') ?? keysDefault };
    }
  }
  for (const file of ['/etc/apt/sources.list', ...globSync('/etc/apt/sources.list.d/*.list')]) {
    if (!existsSync(file)) continue;
    const line = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+\/debian\/?)\s/m.exec(readFileSync(file, 'utf8'));
    if (line === null) continue;
    return { mirror: line[2] as string, keys: /signed-by=(\S+)/.exec(line[1] ?? '')?.[1] ?? keysDefault };
  }
  throw new Error('no mirror of Debian was found in /etc/apt');
};
