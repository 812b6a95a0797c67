/**
 * What a `package.json` says about its package. One without a name and a version (a mere `{"type":"module"}`) is no package.
 */
import type { PackageFacts } from './inventory.ts';

/** A longer `package.json` is not parsed. */
export const packageCharsMax = 1024 * 1024;

const fieldCharsMax = 200;
const noLicence = '(none stated)';

/** The package, null if the file describes none, or what is wrong with the text. */
export function packageOf(text: string, path: string): PackageFacts | null | { readonly wrong: string } {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return { wrong: 'not JSON' };
  }
  if (!isRecord(content)) {
    return { wrong: 'not an object' };
  }
  const name = fieldOf(content['name']);
  const version = fieldOf(content['version']);
  return name === '' || version === '' ? null : { path, name, version, licence: licenceOf(content) };
}

/** `license` as a string; else the older forms: `{ type }`, or a list of them under `licenses`. */
function licenceOf(content: Readonly<Record<string, unknown>>): string {
  const stated = content['license'] ?? content['licenses'];
  const several = (Array.isArray(stated) ? stated : [stated]).map((one) => fieldOf(isRecord(one) ? one['type'] : one));
  const known = several.filter((one) => one !== '');
  return known.length === 0 ? noLicence : known.join(' OR ').slice(0, fieldCharsMax).toWellFormed();
}

const fieldOf = (value: unknown): string =>
  typeof value === 'string' ? value.trim().slice(0, fieldCharsMax).toWellFormed() : '';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
