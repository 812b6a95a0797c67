/**
 * What a machine of a cluster keeps in its data folder, beside what its node does:
 *
 * ```
 * DIR/security/machine.json   how it was begun or joined; written once
 * DIR/security/roster.json    the newest roster that it knows
 * DIR/security/ca.crt …       keys and certificates (`src/security`)
 * DIR/nats/                   its nats-server: configuration, process id, JetStream
 * ```
 *
 * One process has a machine: it holds the lock in `security/` as long as it lives. History: format 1, the first.
 */
import path from 'node:path';
import { prepareDataFolder, readDataFormat } from '../engine/embedded/data-folder.ts';
import { type FolderLock, lockFolder } from '../engine/embedded/folder-lock.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { PrivateFolder } from '../security/private-folder.ts';
import { type Roster, readRoster } from './roster.ts';

export type MachineSettings = {
  /** `began`: it has the authority; `joined`; `left`: it was taken out, and joins anew with a token. */
  readonly role: 'began' | 'joined' | 'left';
  /** In the cluster: of the machine and of its node. */
  readonly name: string;
  /** An address or name of this machine at which others reach it. */
  readonly host: string;
  /** The first of its ports (`ports.ts`). */
  readonly port: number;
  /** Where machines join, `host:port`: on the machine that began the cluster. */
  readonly door: string;
  readonly location: string;
  /** Whose place it took. */
  readonly replaces?: string;
};

const formatVersion = 1;
const settingsFile = 'machine.json';
const rosterFile = 'roster.json';

export class MachineFolder {
  readonly path: string;
  readonly security: PrivateFolder;
  readonly nats: string;
  readonly #lock: FolderLock;

  /**
   * Makes the folder if there is none, and holds it. Throws `DATA_LOCKED`, `DATA_UNAVAILABLE`, `SECRETS_EXPOSED`, and `DATA_FORMAT` for
   * that of an embedded node.
   */
  constructor(folder: string) {
    this.path = folder;
    prepareDataFolder(folder);
    if (readDataFormat(folder) !== undefined)
      throw new TuttiError(
        'DATA_FORMAT',
        `The data folder ${folder} is that of an embedded node. Name another one with --data.`,
        { details: { folder } },
      );
    this.security = new PrivateFolder(path.join(folder, 'security'));
    this.#lock = lockFolder(this.security.path);
    this.nats = path.join(folder, 'nats');
  }

  /** Undefined: it belongs to no cluster yet. Throws `DATA_FORMAT`. */
  settings(): MachineSettings | undefined {
    return readMachineSettings(this.security);
  }

  saveSettings(settings: MachineSettings): void {
    this.security.write(settingsFile, `${JSON.stringify({ format: formatVersion, ...settings }, null, 2)}\n`);
  }

  roster(): Roster | undefined {
    const text = this.security.read(rosterFile);
    return text === undefined ? undefined : readRoster(text);
  }

  saveRoster(roster: Roster): void {
    this.security.write(rosterFile, `${JSON.stringify(roster, null, 2)}\n`);
  }

  /** What belonged to the cluster that it was taken out of. */
  forget(files: readonly string[]): void {
    for (const name of [...files, rosterFile]) this.security.remove(name);
  }

  release(): void {
    this.#lock.release();
  }
}

const readMachineSettings = (folder: PrivateFolder): MachineSettings | undefined => {
  const text = folder.read(settingsFile);
  if (text === undefined) return undefined;
  try {
    const { format, ...settings } = JSON.parse(text) as MachineSettings & { readonly format: unknown };
    const { role, name, host, port, door, location } = settings as Partial<Record<keyof MachineSettings, unknown>>;
    const texts = [name, host, door, location].every((one) => typeof one === 'string');
    if (format === formatVersion && texts && Number.isSafeInteger(port) && /^(began|joined|left)$/.test(String(role)))
      return settings;
  } catch {
    // Told below.
  }
  throw new TuttiError(
    'DATA_FORMAT',
    `The file ${settingsFile} in ${folder.path} is not one that this version of Tutti wrote. Put it back from a copy.`,
    { details: { folder: folder.path } },
  );
};
