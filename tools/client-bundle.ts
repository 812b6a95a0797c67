/**
 * The client as one file for a page, as small as a bundler makes it; `node tools/client-bundle.ts` prints its sizes. Counted apart
 * are the values' codec (`src/values`), which a node has as well, and the package under the messages (msgpackr).
 */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, minify } from 'vite';

const root = join(import.meta.dirname, '..');

/** One ESM file, without what `leftOut` matches. */
export const clientBundle = async (leftOut: readonly RegExp[] = []): Promise<string> => {
  const result = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      minify: false,
      target: 'es2024',
      rolldownOptions: {
        input: join(root, 'src/client/client.ts'),
        preserveEntrySignatures: 'strict',
        external: [...leftOut],
        output: { format: 'es' },
      },
    },
  });
  const { output } = (Array.isArray(result) ? result[0] : result) as { output: { code?: string }[] };
  const [chunk, ...others] = output;
  if (chunk?.code === undefined || others.length > 0) throw new Error('The client is not one file.');
  const minified = await minify('client.js', chunk.code, { module: true, codegen: { legalComments: 'none' } });
  return minified.code;
};

export const gzipBytes = (code: string): number => gzipSync(code, { level: 9 }).length;

export type ClientSizes = { readonly own: number; readonly withCodec: number; readonly all: number };

/** In bytes, compressed. */
export const clientSizes = async (): Promise<ClientSizes> => ({
  own: gzipBytes(await clientBundle([/msgpackr/, /\/values\//])),
  withCodec: gzipBytes(await clientBundle([/msgpackr/])),
  all: gzipBytes(await clientBundle()),
});

export const printSizes = ({ own, withCodec, all }: ClientSizes): string => {
  const shown = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
  return `tutti/client, gzip: ${shown(own)}; with the values' codec ${shown(withCodec)}; with msgpackr ${shown(all)}`;
};

if (import.meta.main) console.log(printSizes(await clientSizes()));
