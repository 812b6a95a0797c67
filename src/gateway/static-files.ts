/**
 * The files of the page. They are read once, so that nothing but what was there can ever be asked for, and kept compressed. They
 * say nothing about tasks: the page asks the interface, as anybody does.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress as compress, constants } from 'node:zlib';

type StaticFile = {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Undefined where it would not be smaller. */
  readonly brotli: Uint8Array<ArrayBuffer> | undefined;
  readonly etag: string;
  readonly cache: string;
};

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

/** The page loads nothing from elsewhere and is shown in no other page. */
const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

const index = '/index.html';
const brotli = promisify(compress);

export class StaticFiles {
  readonly #folder: string;
  #files: Promise<ReadonlyMap<string, StaticFile>> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file at a path; the page itself for `/` and for what a browser navigates to; undefined where there is none. */
  async response(path: string, header: (name: string) => string | null): Promise<Response | undefined> {
    this.#files ??= loadFiles(this.#folder);
    const files = await this.#files;
    const navigates = header('accept')?.includes('text/html') === true && extname(path) === '';
    const file = files.get(path) ?? (path === '/' || navigates ? files.get(index) : undefined);
    if (file === undefined) return undefined;
    const headers = { ...pageHeaders, 'cache-control': file.cache, etag: file.etag, vary: 'Accept-Encoding' };
    if (header('if-none-match') === file.etag) return new Response(null, { status: 304, headers });
    const compressed = file.brotli !== undefined && /\bbr\b/.test(header('accept-encoding') ?? '');
    return new Response(compressed ? file.brotli : file.bytes, {
      headers: { ...headers, 'content-type': file.type, ...(compressed ? { 'content-encoding': 'br' } : {}) },
    });
  }
}

/** Empty where there is no such folder: the page was not built. */
const loadFiles = async (folder: string): Promise<ReadonlyMap<string, StaticFile>> => {
  const files = new Map<string, StaticFile>();
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of names) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = new Uint8Array(await readFile(path));
    const address = path.slice(folder.length).split(sep).join('/');
    files.set(address.startsWith('/') ? address : `/${address}`, {
      type,
      bytes,
      brotli: await smaller(bytes),
      etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      // What the bundler puts there has the hash of what is in it in its name.
      cache: address.includes('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
  }
  return files;
};

const smaller = async (bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  const compressed = new Uint8Array(await brotli(bytes, { params }));
  return compressed.length < bytes.length ? compressed : undefined;
};
