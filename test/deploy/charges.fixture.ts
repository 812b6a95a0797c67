/** Work for a cluster in containers, given to it as its clients do: from outside of them, through a port. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Engine } from './engine.fixture.ts';

/** What a client needs: where the node is, the authority's certificate, and the token. */
export type Access = { readonly url: string; readonly certificate: string; readonly token: string };

const count = 12;

/** Each has so many items, a fifth of a second each. Resolves when they are durable; `done` does when all have come to their sum. */
export const startCharges = async (
  engine: Engine,
  access: Access,
  items: number,
): Promise<{ readonly done: Promise<void> }> => {
  const authority = join(engine.folder, 'ca.crt');
  writeFileSync(authority, access.certificate);
  const program = join(import.meta.dirname, 'charges-process.fixture.ts');
  const [enter, ...words] = [...engine.inItsNetwork, process.execPath, program, access.url, `${count}`, `${items}`];
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: authority, TUTTI_TOKEN: access.token };
  let started: () => void = () => undefined;
  const durable = new Promise<void>((resolve) => {
    started = resolve;
  });
  const ended = new Promise<string>((resolve, reject) => {
    const child = execFile(enter, words, { env }, (error, out, err) => {
      if (error === null) resolve(out);
      else reject(new Error(err, { cause: error }));
    });
    child.stdout?.once('data', started);
  });
  const done = ended.then((out) => {
    const sum = (items * (items - 1)) / 2;
    expect(JSON.parse(out.split('\n')[1] as string)).toEqual(Array.from({ length: count }, () => sum));
  });
  // Whoever waits for it later is told.
  done.catch(() => undefined);
  await Promise.race([durable, done]);
  return { done };
};
