/** Options of commands that serve, and what they name. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { TuttiError } from '../errors/tutti-error.ts';
import { someText } from './command-options.ts';

export type TlsOptions = { readonly tlsCert?: string; readonly tlsKey?: string };

export const tlsCertOption = (): Option =>
  new Option('--tls-cert <file>', 'certificate with its chain, PEM').env('TUTTI_TLS_CERT');

export const tlsKeyOption = (): Option => new Option('--tls-key <file>', 'its key, PEM').env('TUTTI_TLS_KEY');

export const allowOriginOption = (): Option =>
  new Option('--allow-origin <origin>', 'pages of this origin may use it; may be given several times').argParser(
    (text, before: readonly string[] = []) => [...before, someText(text)],
  );

/** Both texts, or neither. Throws `OPTION_INVALID`. */
export const tlsOf = (
  { tlsCert, tlsKey }: TlsOptions,
  cwd: string,
): { readonly cert: string; readonly key: string } | undefined => {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  const missing = tlsCert === undefined ? '--tls-cert' : '--tls-key';
  if (tlsCert === undefined || tlsKey === undefined)
    throw new TuttiError('OPTION_INVALID', `--tls-cert and --tls-key belong together: ${missing} is missing.`, {
      details: { option: missing },
    });
  return { cert: textOf('--tls-cert', resolve(cwd, tlsCert)), key: textOf('--tls-key', resolve(cwd, tlsKey)) };
};

const textOf = (option: string, path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TuttiError('OPTION_INVALID', `The file of ${option} cannot be read: ${(cause as Error).message}`, {
      details: { option },
      cause,
    });
  }
};
