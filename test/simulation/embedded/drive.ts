/**
 * The disk of one node in a simulated world, with the kernel above it: `FaultyDisk` in virtual time, what goes wrong with it at
 * present, and what its watcher knows of the log and the blobs that lie there.
 */
import { type CrashKind, FaultyDisk } from '../../../src/engine/embedded/faulty-files.fixture.ts';
import type { Files } from '../../../src/engine/embedded/files.ts';
import type { Life, Simulation } from '../../../src/engine/simulated/simulation.ts';
import { crc32 } from '../../../src/platform/crc32.ts';
import type { SeededRandom } from '../../../src/values/hash.ts';
import type { BlobView } from '../checkers/restorable.ts';
import { Dice, type Fault } from '../plan.ts';
import { FrameWitness, type WrittenFrame } from './frames.ts';
import type { DriveFault } from './plan.ts';

export const logFolder = '/log/0';
export const blobFolder = '/blobs';

const blobHeaderBytes = 16;
/** A call takes up to so long, and as much more for each megabyte. */
const callMs = 0.2;
const megabyteMs = 5;
/** A log that has written nothing for so long is quiet. */
const quietMs = 400;
/** For so long after a fault of the disk writing may go on to fail. */
const stallMs = 5_000;
/** How much room is left on a disk that is about to be full. */
const roomBytes = [0, 5_000, 40_000];

type Flip = { readonly frame: WrittenFrame; readonly bit: number };

export class Drive {
  readonly disk: FaultyDisk;
  /** A bit of a frame that is another one, and must be told of. */
  flipped: Flip | undefined;
  /** What was flipped when the log began to be opened. */
  #flippedBefore: Flip | undefined;
  /** Bits of frames that were given up since: a file whose removal was not synced may come back with them. */
  #flippedOnce: Flip[] = [];
  readonly #simulation: Simulation;
  readonly #random: SeededRandom;
  readonly #dice: Dice;
  readonly #frames = new FrameWitness();
  /** On which a frame has failed since the log was opened. */
  readonly #failedFiles = new Set<string>();
  readonly #damagedBlobs = new Set<string>();
  readonly #count: (what: string) => void;
  readonly #violated: (law: string, what: string) => void;
  #failing: Extract<DriveFault, { kind: 'failedWrites' }> | undefined;
  #slowMs = 0;
  #isOpen = false;
  /** When a frame was last written. */
  #wroteMs = 0;
  /** Until when the disk may keep a log from writing. */
  #troubledMs = 0;
  /** How long the node stays down that a call has crashed. */
  #downMs = 0;
  /** What the next lives' first calls meet. */
  #crashes: { readonly how: CrashKind; readonly calls: number }[] = [];

  constructor(
    simulation: Simulation,
    name: string,
    world: {
      /** The disk has ended the process. */
      readonly crashed: (how: CrashKind, downMs: number) => void;
      readonly count: (what: string) => void;
      readonly violated: (law: string, what: string) => void;
    },
  ) {
    const random = simulation.random(`drive ${name}`);
    this.#simulation = simulation;
    this.#random = random;
    this.#dice = new Dice(random);
    this.#count = world.count;
    this.#violated = world.violated;
    this.disk = new FaultyDisk((below) => Math.floor(random.fraction() * below));
    this.disk.onCrash = (how) => world.crashed(how, this.#downMs);
    this.disk.failWrite = (file) => this.#fails(file);
    this.disk.failName = (file) => this.#fails(file);
    this.disk.onWritten = (write, code) => {
      if (write.file.startsWith(blobFolder)) this.#damagedBlobs.delete(blobName(write.file.replace('~', '')));
      // What fills ahead is zeros, and its failure is none of a frame.
      else if (write.bytes[0] === 0) return;
      else if (code !== undefined) this.#failedFiles.add(write.file);
      else if (this.#failedFiles.has(write.file))
        this.#violated('failed file', `a frame went to ${write.file}, on which one had failed`);
      else {
        this.#frames.wrote(write);
        this.#wroteMs = simulation.nowMs;
      }
    };
  }

  /** The files as a new life of the node finds them. */
  open(life: Life, fillAheadPays: boolean): Files {
    const files = this.disk.start({
      fillAheadPays,
      turn: (bytes) =>
        new Promise((resolve) => void this.#simulation.after(this.#delayMs(bytes), life, 'file', () => resolve())),
    });
    this.#watchQuiet(life);
    const next = this.#crashes.shift();
    if (next !== undefined) this.#arm(next);
    return files;
  }

  /** The node ends, wherever it is. */
  end(how: CrashKind): void {
    this.#count(this.#isOpen ? 'crash while open' : 'crash while opening');
    this.#isOpen = false;
    this.disk.crash(how);
  }

  strike(fault: DriveFault | Extract<Fault, { kind: 'fullDisk' }>): void {
    if ('forMs' in fault) this.#troubledMs = this.#simulation.nowMs + fault.forMs + stallMs;
    switch (fault.kind) {
      case 'crashAtCall': {
        const { how, calls, again, downMs } = fault;
        this.#downMs = downMs;
        // Later ones come early: in the recovery.
        this.#crashes = Array.from({ length: again }, () => ({ how, calls: this.#dice.whole(0, 40) }));
        if (this.disk.ended) this.#crashes.unshift({ how, calls });
        else this.#arm(fault);
        break;
      }
      case 'failedWrites':
        this.#failing = fault;
        this.#simulation.after(fault.forMs, undefined, 'heal writes', () => {
          if (this.#failing === fault) this.#failing = undefined;
        });
        break;
      case 'slowDisk':
        this.#slowMs = fault.slowMs;
        this.#simulation.after(fault.forMs, undefined, 'heal slow disk', () => {
          this.#slowMs = 0;
        });
        break;
      case 'fullDisk':
        this.disk.capacityBytes = this.disk.usedBytes + this.#dice.pick(roomBytes);
        this.#simulation.after(fault.forMs, undefined, 'heal full disk', () => this.#makeRoom());
        break;
      case 'flippedBit':
        if (fault.acknowledged) this.#flipAcknowledged(fault.pick);
        else this.#flipElsewhere(fault.pick);
        break;
      default:
        fault satisfies never;
    }
  }

  /** The log is about to be opened. */
  opens(): void {
    this.#isOpen = false;
    this.#flippedBefore = this.flipped;
    this.#failedFiles.clear();
    this.#checkBlobs();
  }

  /** The log was opened, and nothing was told of damage. */
  opened(): void {
    this.#isOpen = true;
    const flipped = this.#flippedBefore;
    if (flipped === undefined) return;
    const where = `${flipped.frame.file}, byte ${flipped.bit >> 3}, frame ${flipped.frame.number}`;
    if (this.#frames.mustBe(this.#segments()).includes(flipped.frame))
      this.#violated('damage is told', `a bit was flipped in what was acknowledged, and nobody saw it (${where})`);
    this.flipped = undefined;
    this.#flippedOnce.push(flipped);
  }

  /** Nothing has been written to the log for a while: whatever cleans it has come to its end. */
  get isQuiet(): boolean {
    return this.#simulation.nowMs - this.#wroteMs > quietMs;
  }

  /** A log that has fallen quiet vouches for what it last acknowledged, unless its disk keeps it from that. */
  #watchQuiet(life: Life): void {
    this.#simulation.after(quietMs / 2, life, 'watch quiet', () => {
      const { vouched, lastFull } = this.#frames;
      const quietSinceMs = Math.max(this.#wroteMs, this.#troubledMs);
      if (this.#isOpen && lastFull > vouched && this.#simulation.nowMs - quietSinceMs > quietMs)
        this.#violated('vouched', `nothing vouches for frame ${lastFull}, written at ${this.#wroteMs}`);
      this.#watchQuiet(life);
    });
  }

  /** A blob has its name only when it is whole. */
  #checkBlobs(): void {
    for (const file of this.disk.names()) {
      if (!file.startsWith(blobFolder)) continue;
      if (file.includes('~')) this.#count('blob left half made');
      else if (!this.#damagedBlobs.has(blobName(file)) && !isWholeBlob(this.disk.content(file)))
        this.#violated('whole blobs', `${file} is not what was written`);
    }
  }

  /** From now on nothing goes wrong. What was damaged stays so. */
  calm(): void {
    this.#failing = undefined;
    this.#slowMs = 0;
    this.#crashes = [];
    this.disk.crashAfterCalls = Number.POSITIVE_INFINITY;
    this.#makeRoom();
  }

  /** Whether an error tells of a bit that was flipped. */
  explains(error: unknown): boolean {
    const { code, details } = error as { code?: unknown; details?: { file?: unknown } };
    if (code !== 'LOG_DAMAGED') return false;
    return this.flipped !== undefined || this.#flippedOnce.some(({ frame }) => frame.file === details?.file);
  }

  /** Puts back what was there before a bit was flipped, as from a backup. */
  repair(): void {
    const flips = this.flipped === undefined ? this.#flippedOnce : [...this.#flippedOnce, this.flipped];
    this.flipped = undefined;
    this.#flippedOnce = flips.filter(({ frame }) => !this.disk.has(frame.file));
    for (const { frame, bit } of flips) if (this.disk.has(frame.file)) this.disk.flip(frame.file, bit);
  }

  /** One of two snapshots may be damaged without loss. */
  damageBlob(partition: number, pick: number): void {
    const blobs = this.blobs();
    const manifests = blobs.names(`snapshot/${partition}/`);
    if (manifests.length < 2 || manifests.some((name) => blobs.isDamaged(name))) return;
    const name = manifests[pick % manifests.length] as string;
    this.#damagedBlobs.add(name);
    this.disk.flip(blobFile(name), (pick >> 1) % (this.disk.content(blobFile(name)).length * 8));
    this.#count('blob damaged');
  }

  /** Files of the log, in use or to be used again. */
  logFiles(): readonly string[] {
    return this.disk.names().filter((file) => file.startsWith(logFolder));
  }

  /** The blobs as they lie there. */
  blobs(): BlobView {
    const there = (name: string): boolean => this.disk.has(blobFile(name));
    return {
      names: (prefix) =>
        this.disk
          .names()
          .filter((file) => file.startsWith(`${blobFolder}/`) && file.endsWith('.blob') && !file.includes('~'))
          .map(blobName)
          .filter((name) => name.startsWith(prefix)),
      isDamaged: (name) => this.#damagedBlobs.has(name),
      stored: {
        has: there,
        get: (name) =>
          there(name) ? { bytes: this.disk.content(blobFile(name)).subarray(blobHeaderBytes) } : undefined,
      },
    };
  }

  #arm({ how, calls }: { readonly how: CrashKind; readonly calls: number }): void {
    this.disk.crashKind = how;
    this.disk.crashAfterCalls = calls;
  }

  #makeRoom(): void {
    this.disk.capacityBytes = Number.POSITIVE_INFINITY;
  }

  #delayMs(bytes: number): number {
    const slow = this.#slowMs > 0 && this.#dice.chance(0.5) ? this.#slowMs : callMs;
    return slow * this.#random.fraction() + (bytes / 1_000_000) * megabyteMs;
  }

  #fails(file: string): string | undefined {
    const failing = this.#failing;
    if (failing === undefined || !file.startsWith(failing.folder) || !this.#dice.chance(failing.rate)) return undefined;
    this.#count(`disk failed ${failing.code}`);
    return failing.code;
  }

  #segments(): readonly string[] {
    return this.disk.names().filter((file) => file.endsWith('.seg'));
  }

  #flipAcknowledged(pick: number): void {
    const frames = this.#frames.mustBe(this.#segments());
    const frame = frames[pick % Math.max(1, frames.length)];
    if (frame === undefined || this.flipped !== undefined) return;
    this.flipped = { frame, bit: frame.at * 8 + this.#dice.whole(0, frame.length * 8 - 1) };
    this.disk.flip(frame.file, this.flipped.bit);
    this.#count('bit flipped in what was acknowledged');
  }

  /** In what was never acknowledged, zeros, free files: it must make no difference. */
  #flipElsewhere(pick: number): void {
    const files = this.logFiles();
    const file = files[pick % Math.max(1, files.length)];
    if (file === undefined || this.disk.content(file).length === 0) return;
    const bit = this.#dice.whole(0, this.disk.content(file).length * 8 - 1);
    if (this.#frames.covers(file, bit >> 3)) return;
    this.disk.flip(file, bit);
    this.#count('bit flipped elsewhere');
  }
}

const isWholeBlob = (file: Buffer): boolean =>
  file.length >= blobHeaderBytes && file.readUInt32LE(4) === crc32(file.subarray(blobHeaderBytes));

const blobName = (file: string): string => file.slice(blobFolder.length + 1, -'.blob'.length).replaceAll('+', '/');

const blobFile = (name: string): string => `${blobFolder}/${name.replaceAll('/', '+')}.blob`;
