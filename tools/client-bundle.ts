/**
 * The client as one file for a page, as small as a bundler makes it; `node tools/client-bundle.ts` prints its sizes and those of its
 * modules. What counts is all of our own code, the values' codec (`src/values`) included; the package under the messages (msgpackr)
 * is told beside it.
 */
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, minify } from 'vite';

const root = join(import.meta.dirname, '..');

type Chunk = {
  readonly code?: string;
  readonly modules?: Readonly<Record<string, { readonly code: string | null }>>;
};

const bundled = async (leftOut: readonly RegExp[]): Promise<Chunk & { readonly code: string }> => {
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
  const { output } = (Array.isArray(result) ? result[0] : result) as { output: Chunk[] };
  const [chunk, ...others] = output;
  if (chunk?.code === undefined || others.length > 0) throw new Error('The client is not one file.');
  return { ...chunk, code: chunk.code };
};

const minified = async (code: string): Promise<string> =>
  (await minify('client.js', code, { module: true, codegen: { legalComments: 'none' } })).code;

/** One ESM file, without what `leftOut` matches. */
export const clientBundle = async (leftOut: readonly RegExp[] = []): Promise<string> =>
  minified((await bundled(leftOut)).code);

export const gzipBytes = (code: string): number => gzipSync(code, { level: 9 }).length;

/**
 * Of each module what is left of it in the file: its bytes when it is minified, and then compressed, by itself. Together they
 * compress better, so the sum of the latter is more than the file.
 */
const moduleSizes = async (): Promise<readonly (readonly [module: string, bytes: number, gzip: number])[]> => {
  const { modules = {} } = await bundled([/msgpackr/]);
  const sizes = Object.entries(modules).map(async ([path, { code }]) => {
    // As a script: what a module declares and others use stays.
    const options = { compress: false, codegen: { legalComments: 'none' } } as const;
    const small = (await minify('module.js', code ?? '', options)).code;
    return [relative(root, path), small.length, gzipBytes(small)] as const;
  });
  return (await Promise.all(sizes)).sort(([, , one], [, , other]) => other - one);
};

export type ClientSizes = { readonly own: number; readonly withCodec: number; readonly all: number };

/** In bytes, compressed. */
export const clientSizes = async (): Promise<ClientSizes> => ({
  own: gzipBytes(await clientBundle([/msgpackr/, /\/values\//])),
  withCodec: gzipBytes(await clientBundle([/msgpackr/])),
  all: gzipBytes(await clientBundle()),
});

export const printSizes = ({ own, withCodec, all }: ClientSizes): string => {
  const shown = (bytes: number): string => `${(bytes / 1000).toFixed(2)} kB`;
  return `tutti/client, gzip: ${shown(withCodec)} of our own (without the values' codec ${shown(own)}); with msgpackr ${shown(all)}`;
};

if (import.meta.main) {
  for (const [module, bytes, gzip] of await moduleSizes())
    console.log(`${String(bytes).padStart(6)} ${String(gzip).padStart(6)}  ${module}`);
  console.log(printSizes(await clientSizes()));
}
