/** Named byte objects of a simulated world: one service that all nodes share. */
import { TuttiError } from '../../errors/tutti-error.ts';
import { crc32 } from '../../platform/crc32.ts';
import { ownBytes } from '../../platform/own-bytes.ts';
import type { Blobs } from '../engine.ts';
import type { Place } from './place.ts';
import { Requests } from './requests.ts';

const timeoutMs = 2_000;
const nothing = new Uint8Array(0);

type Stored = { readonly bytes: Uint8Array; readonly checksum: number };

export class BlobService {
  readonly stored = new Map<string, Stored>();

  /** False: other content has the name. */
  put(name: string, bytes: Uint8Array): boolean {
    const known = this.stored.get(name);
    if (known === undefined) this.stored.set(name, { bytes, checksum: crc32(bytes) });
    return known === undefined || Buffer.compare(known.bytes, bytes) === 0;
  }

  /** Called after an object was removed. */
  onDeleted: (name: string) => void = () => {};

  delete(name: string): void {
    if (this.stored.delete(name)) this.onDeleted(name);
  }

  names(prefix: string): readonly string[] {
    return [...this.stored.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  isDamaged(name: string): boolean {
    const known = this.stored.get(name);
    return known !== undefined && crc32(known.bytes) !== known.checksum;
  }

  /** One bit of an object is another one from now on. */
  damage(name: string, bit: number): void {
    const known = this.stored.get(name);
    if (known === undefined || known.bytes.length === 0) return;
    const bytes = ownBytes(known.bytes);
    const at = (bit >> 3) % bytes.length;
    bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
    this.stored.set(name, { bytes, checksum: known.checksum });
  }
}

export class SimulatedBlobs implements Blobs {
  readonly #requests: Requests;
  readonly #service: BlobService;

  constructor(place: Place, service: BlobService) {
    this.#requests = new Requests(place, 'blobs');
    this.#service = service;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    checkName(name);
    const ok = await this.#requests.untilAnswered<boolean>('blob.put', name, bytes, timeoutMs, (sent, answer) =>
      answer(this.#service.put(name, sent)),
    );
    if (!ok) throw new TuttiError('BLOB_EXISTS', `Other content is stored as ${name}.`, { details: { name } });
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const found = await this.#requests.untilAnswered<{ stored: Stored | undefined }>(
      'blob.get',
      name,
      nothing,
      timeoutMs,
      (_sent, answer) => answer({ stored: this.#service.stored.get(name) }),
    );
    if (found.stored === undefined) return undefined;
    const { bytes, checksum } = found.stored;
    if (crc32(bytes) !== checksum)
      throw new TuttiError('BLOB_DAMAGED', `The object ${name} is damaged.`, { details: { name } });
    return ownBytes(bytes);
  }

  list(prefix: string): Promise<readonly string[]> {
    return this.#requests.untilAnswered('blob.list', prefix, nothing, timeoutMs, (_sent, answer) =>
      answer(this.#service.names(prefix)),
    );
  }

  async delete(name: string): Promise<void> {
    await this.#requests.untilAnswered<true>('blob.delete', name, nothing, timeoutMs, (_sent, answer) => {
      this.#service.delete(name);
      answer(true);
    });
  }
}

const checkName = (name: string): void => {
  if (!/^[A-Za-z0-9_.\-/]+$/.test(name))
    throw new TuttiError('INVARIANT', `${JSON.stringify(name)} is no name of an object.`, { details: { name } });
};
