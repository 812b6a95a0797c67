/** Whether a node could listen at an address, and if not, what listens there. */
import { get } from 'node:http';
import { get as getSecurely } from 'node:https';
import { createServer } from 'node:net';
import type { Fault, Finding } from './doctor-checks.ts';

const answerMaxMs = 1_000;
/** What a gateway says to anybody about itself, be it that a token is missing. */
const ofGateway = /"urn:tutti:error:|"title": ?"Tutti"/;

/** Whether a node could listen there. */
export const checkPort = (host: string, port: number): Promise<Finding> =>
  new Promise((resolve) => {
    const facts = { host, port };
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const fault = portFault(host, port, error.code ?? error.message);
      if (error.code !== 'EADDRINUSE') resolve({ check: 'port', facts, fault });
      else
        void nodeAt(host, port).then((url) =>
          resolve(
            url === undefined
              ? { check: 'port', facts, fault }
              : { check: 'port', facts: { ...facts, node: url }, note: `A Tutti node serves at ${url}.` },
          ),
        );
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve({ check: 'port', facts })));
  });

const portFault = (host: string, port: number, code: string): Fault => {
  switch (code) {
    case 'EADDRINUSE':
      return {
        what: `Port ${port} of ${host} is taken by another program.`,
        fix: `End it (ss -ltnp 'sport = :${port}' names it), or choose another: --port.`,
      };
    case 'EACCES':
      return { what: `This user may not listen on port ${port}.`, fix: 'Choose one above 1023: --port.' };
    default:
      return {
        what: `Nothing can listen on ${host}, port ${port} (${code}).`,
        fix: 'Choose an address of this machine: --host.',
      };
  }
};

/** Where a node's gateway answers there; undefined if what answers is none. */
const nodeAt = async (host: string, port: number): Promise<string | undefined> => {
  const name = host.includes(':') ? `[${host}]` : host;
  for (const [scheme, ask] of [
    ['http', get],
    ['https', getSecurely],
  ] as const)
    if (ofGateway.test(await answerOf(ask, `${scheme}://${name}:${port}/openapi.json`)))
      return `${scheme}://${name}:${port}`;
  return undefined;
};

/** The beginning of what comes; nothing where nothing does. */
const answerOf = (ask: typeof getSecurely, url: string): Promise<string> =>
  new Promise((resolve) => {
    const options = { rejectUnauthorized: false, signal: AbortSignal.timeout(answerMaxMs) };
    const request = ask(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > 64 * 1024) response.destroy();
      });
      response.on('close', () => resolve(text));
    });
    request.on('error', () => resolve(''));
  });
