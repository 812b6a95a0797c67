/** Download addresses in package-lock.json: they tie the project to the registry of whoever wrote it last. */
import type { Finding } from './finding.ts';

export const findLockedAddresses = (lockText: string): readonly Finding[] => {
  const line = lockText.split('\n').findIndex((text) => /^\s*"resolved": "https?:/.test(text));
  if (line === -1) return [];
  return [
    {
      file: 'package-lock.json',
      line: line + 1,
      what: 'holds download addresses',
      remedy: 'Write it anew with the .npmrc of this repository: npm install --package-lock-only',
    },
  ];
};
