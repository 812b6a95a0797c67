/**
 * Blobs in one stream of a cluster. NATS's own object store is not used: its client stands still beyond a few megabytes.
 *
 * - O1. A blob is there when its manifest is, which is written last, and only if there is none under the name.
 * - O2. What is given was checked: length and SHA-256.
 * - O3. Whether a blob is there, its stream's leader says; chunks come from any replica.
 * - O4. Pieces of uploads that came to nothing go when another one under the name succeeds, or when the name is removed.
 */
import { type MsgHdrs, headers as natsHeaders } from '@nats-io/transport-node';
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import type { Random } from '../../platform/env.ts';
import type { Blobs } from '../engine.ts';
import { type Manifest, manifestHeaders, nameOf, parseManifest, sha256, tokenOf } from './blob-manifest.ts';
import { inOrder } from './in-order.ts';
import {
  type ApiError,
  apiErrors,
  closedError,
  insistOnApi,
  jsonBytes,
  parseJson,
  purgeStream,
  streamInfo,
} from './jetstream.ts';
import type { Link } from './link.ts';

export type NatsBlobsOptions = {
  readonly link: Link;
  readonly stream: string;
  /** What the subjects of the stream begin with. */
  readonly prefix: string;
  readonly random: Random;
};

type PubAck = { readonly seq: number; readonly error?: ApiError };
type StoredMessage = { readonly message: { readonly hdrs?: string; readonly data?: string; readonly seq: number } };

const namePattern = /^[A-Za-z0-9_.\-/]{1,200}$/;

export class NatsBlobs implements Blobs {
  readonly #options: NatsBlobsOptions;

  constructor(options: NatsBlobsOptions) {
    this.#options = options;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const token = checked(name);
    const there = await this.#manifest(token);
    if (there !== undefined) return same(name, bytes, there);
    const upload = Buffer.from(this.#options.random.bytes(9)).toString('base64url');
    const chunks = bytes.length > limits.natsBlobChunkBytes ? await this.#putChunks(token, upload, bytes) : undefined;
    const manifest: Manifest = {
      sizeBytes: bytes.length,
      sha256: sha256(bytes),
      upload,
      chunks,
      bytes: chunks === undefined ? bytes : jsonBytes(chunks),
    };
    const won = await this.#putManifest(token, manifest);
    if (won.upload === upload) {
      if (chunks !== undefined) await this.#sweep(token, upload);
      return;
    }
    if (chunks !== undefined) await this.#purge(`c.${token}.${upload}.*`);
    same(name, bytes, won);
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const token = checked(name);
    for (let manifest = await this.#manifest(token); manifest !== undefined; ) {
      const bytes = manifest.chunks === undefined ? manifest.bytes : await this.#getChunks(manifest, manifest.chunks);
      if (bytes?.length === manifest.sizeBytes && sha256(bytes) === manifest.sha256) return bytes;
      // It may have been removed meanwhile, and stored again.
      const now = await this.#manifest(token);
      if (now?.upload === manifest.upload)
        throw damaged(name, bytes === undefined ? 'a piece of it is gone' : 'its checksum');
      manifest = now;
    }
    return undefined;
  }

  async list(prefix: string): Promise<readonly string[]> {
    const { link, stream } = this.#options;
    const begin = this.#subject('m.');
    const names: string[] = [];
    for (let offset = 0, total = 1; offset < total; ) {
      const info = await streamInfo(link, stream, { subjects_filter: `${begin}*`, offset });
      const subjects = Object.keys(info.state.subjects ?? {});
      for (const subject of subjects) names.push(nameOf(subject.slice(begin.length)));
      total = subjects.length === 0 ? 0 : (info.total ?? 0);
      offset += subjects.length;
    }
    return names.filter((name) => name.startsWith(prefix)).sort();
  }

  async delete(name: string): Promise<void> {
    const token = checked(name);
    const manifest = await this.#manifest(token);
    if (manifest === undefined) return;
    await this.#purge(`m.${token}`);
    if (manifest.chunks !== undefined) await this.#purge(`c.${token}.${manifest.upload}.*`);
  }

  /** As the leader of the stream knows it. */
  async #manifest(token: string): Promise<Manifest | undefined> {
    const { link, stream } = this.#options;
    const request = { last_by_subj: this.#subject(`m.${token}`) };
    const answer = await insistOnApi<StoredMessage>(
      link,
      `STREAM.MSG.GET.${stream}`,
      request,
      ({ err_code: code }) => code === apiErrors.messageNotFound,
    );
    if ('error' in answer) return undefined;
    const manifest = parseManifest(answer.value.message);
    if (manifest === undefined) throw damaged(nameOf(token), 'its manifest');
    return manifest;
  }

  /** The manifest that stands under the name in the end. */
  async #putManifest(token: string, manifest: Manifest): Promise<Manifest> {
    const headers = manifestHeaders(manifest);
    headers.set('Nats-Expected-Last-Subject-Sequence', '0');
    for (;;) {
      const ack = await this.#publish(`m.${token}`, manifest.bytes, headers);
      if (ack !== undefined && ack.error === undefined) return manifest;
      // Refused, or nobody knows.
      const stands = await this.#manifest(token);
      if (stands !== undefined) return stands;
      await this.#options.link.pause(limits.natsRetryMs);
    }
  }

  /** The sequences of the messages. */
  #putChunks(token: string, upload: string, bytes: Uint8Array): Promise<readonly number[]> {
    const size = limits.natsBlobChunkBytes;
    return inOrder(Math.ceil(bytes.length / size), limits.natsBlobWindow, async (index) => {
      for (;;) {
        const chunk = bytes.subarray(index * size, (index + 1) * size);
        const ack = await this.#publish(`c.${token}.${upload}.${index}`, chunk, natsHeaders());
        // Stored twice, perhaps, of which one is named.
        if (ack !== undefined && ack.error === undefined) return ack.seq;
        await this.#options.link.pause(limits.natsRetryMs);
      }
    });
  }

  /** Undefined: a piece is not there. */
  async #getChunks({ sizeBytes }: Manifest, sequences: readonly number[]): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(sizeBytes);
    const size = limits.natsBlobChunkBytes;
    const found = await inOrder(sequences.length, limits.natsBlobWindow, async (index) => {
      const chunk = await this.#chunk(sequences[index] as number);
      if (chunk === undefined || index * size + chunk.length > sizeBytes) return false;
      bytes.set(chunk, index * size);
      return true;
    });
    return found.every((one) => one) ? bytes : undefined;
  }

  async #chunk(seq: number): Promise<Uint8Array | undefined> {
    const { link, stream } = this.#options;
    const request = jsonBytes({ seq });
    for (let looks = 0; looks < limits.natsHoleLooks; ) {
      const reply = await link.ask(`$JS.API.DIRECT.GET.${stream}`, request, limits.natsRequestMs);
      if (reply.kind === 'closed') throw closedError();
      if (reply.kind === 'answer') {
        if (reply.message.headers?.get('Nats-Sequence') === String(seq)) return reply.message.data;
        // A replica that lags has it later.
        looks++;
      }
      await link.pause(limits.natsRetryMs);
    }
    return undefined;
  }

  /** Undefined: nobody answered. */
  async #publish(subject: string, bytes: Uint8Array, headers: MsgHdrs): Promise<PubAck | undefined> {
    const { link, stream } = this.#options;
    headers.set('Nats-Expected-Stream', stream);
    const reply = await link.ask(this.#subject(subject), bytes, limits.natsAppendMs, { headers });
    if (reply.kind === 'closed') throw closedError();
    return reply.kind === 'answer' ? parseJson<PubAck>(reply.message.data) : undefined;
  }

  async #sweep(token: string, kept: string): Promise<void> {
    const { link, stream } = this.#options;
    const begin = this.#subject(`c.${token}.`);
    const info = await streamInfo(link, stream, { subjects_filter: `${begin}*.*` });
    const uploads = Object.keys(info.state.subjects ?? {}).map((subject) => subject.slice(begin.length).split('.')[0]);
    for (const upload of new Set(uploads)) if (upload !== kept) await this.#purge(`c.${token}.${upload}.*`);
  }

  #purge(filter: string): Promise<void> {
    const { link, stream } = this.#options;
    return purgeStream(link, stream, { filter: this.#subject(filter) });
  }

  #subject(rest: string): string {
    return `${this.#options.prefix}.${rest}`;
  }
}

const checked = (name: string): string => {
  if (namePattern.test(name)) return tokenOf(name);
  throw new TuttiError('INVARIANT', `No blob can have the name ${JSON.stringify(name)}.`, { details: { name } });
};

const same = (name: string, bytes: Uint8Array, there: Manifest): void => {
  if (there.sizeBytes === bytes.length && there.sha256 === sha256(bytes)) return;
  throw new TuttiError('BLOB_EXISTS', `The blob ${name} exists with other content.`, { details: { name } });
};

const damaged = (name: string, what: string): TuttiError =>
  new TuttiError('BLOB_DAMAGED', `The blob ${name} is not what was written: ${what}.`, { details: { name, what } });
