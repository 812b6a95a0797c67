/**
 * Connections between the processes of a cluster's nodes that carry nothing: when a process ends its system closes them, and the
 * others know at once, long before they would miss its heartbeats.
 *
 * Each node listens and dials all others. First each side says who it is: `tutti <token>` and a line break. A connection that ends says
 * nothing yet, for a network can end one too: it is dialled once more, and where nobody listens any more, or another run answers, the
 * process has ended (V1). Where no answer comes, heartbeats decide.
 *
 * A process that ends closes its connections one after the other, and what listens among them: one that is dialled meanwhile may be taken,
 * and be cut. So it is dialled again soon at first.
 */
import { readFileSync, statSync } from 'node:fs';
import { connect as connectPlain, createServer as createPlainServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { limits } from '../limits.ts';

/** Paths of files in PEM, read again for each connection, so that renewed ones are taken up. Both sides show a certificate of the authority. */
export type LifeLineFiles = { readonly ca: string; readonly cert: string; readonly key: string };

export type LifeLineOptions = {
  /** Names this run of the node. */
  readonly token: string;
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  readonly tls: LifeLineFiles | undefined;
  /** The process of this run has ended. */
  readonly onEnded: (token: string) => void;
};

type Line = {
  readonly address: string;
  socket: Socket | undefined;
  /** It is known that the run is there. */
  met: boolean;
  /** The connection ended, and is made once more. */
  again: boolean;
  /** How often that failed. */
  failures: number;
};

const read = ({ ca, cert, key }: LifeLineFiles) => ({
  ca: readFileSync(ca),
  cert: readFileSync(cert),
  key: readFileSync(key),
});

const tlsServer = (files: LifeLineFiles, take: (socket: Socket) => void): Server => {
  const server = createTlsServer(
    { ...read(files), requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' },
    take,
  );
  let readAt = statSync(files.cert).mtimeMs;
  // Before the handshake begins.
  server.prependListener('connection', () => {
    const { mtimeMs } = statSync(files.cert, { throwIfNoEntry: false }) ?? { mtimeMs: readAt };
    if (mtimeMs === readAt) return;
    readAt = mtimeMs;
    server.setSecureContext(read(files));
  });
  return server;
};

const greeting = (token: string): string => `tutti ${token}\n`;

export class LifeLines {
  readonly #options: LifeLineOptions;
  readonly #server: Server;
  readonly #lines = new Map<string, Line>();
  readonly #taken = new Set<Socket>();
  #closed = false;

  private constructor(options: LifeLineOptions) {
    this.#options = options;
    const { tls } = options;
    const take = (socket: Socket): void => this.#take(socket);
    this.#server = tls === undefined ? createPlainServer(take) : tlsServer(tls, take);
  }

  static async open(options: LifeLineOptions): Promise<LifeLines> {
    const lines = new LifeLines(options);
    await new Promise<void>((resolve, reject) => {
      lines.#server.once('error', reject);
      lines.#server.listen(options.port, options.host, resolve);
    });
    lines.#server.on('error', () => undefined);
    return lines;
  }

  /** Where the others dial. */
  get address(): string {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? `${this.#options.host}:${bound.port}` : '';
  }

  /** The runs to which a connection stands. */
  get met(): readonly string[] {
    return [...this.#lines].flatMap(([token, { met }]) => (met ? [token] : []));
  }

  /** Exactly these other runs are there, each at its address. */
  follow(runs: ReadonlyMap<string, string>): void {
    for (const [token, { address, socket }] of this.#lines)
      if (runs.get(token) !== address) {
        this.#lines.delete(token);
        socket?.destroy();
      }
    for (const [token, address] of runs)
      if (address !== '' && !this.#lines.has(token)) {
        const line: Line = { address, socket: undefined, met: false, again: false, failures: 0 };
        this.#lines.set(token, line);
        this.#dial(token, line);
      }
  }

  close(): void {
    this.#closed = true;
    this.#server.close();
    for (const { socket } of this.#lines.values()) socket?.destroy();
    for (const socket of this.#taken) socket.destroy();
    this.#lines.clear();
  }

  #take(socket: Socket): void {
    this.#taken.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#taken.delete(socket));
    socket.resume();
    socket.write(greeting(this.#options.token));
  }

  #dial(token: string, line: Line): void {
    const at = line.address.lastIndexOf(':');
    const where = { host: line.address.slice(0, at), port: Number(line.address.slice(at + 1)) };
    const { tls } = this.#options;
    const socket =
      tls === undefined
        ? connectPlain(where)
        : connectTls({ ...where, ...read(tls), checkServerIdentity: () => undefined, minVersion: 'TLSv1.3' });
    line.socket = socket;
    let heard = '';
    line.met = false;
    let refused = false;
    socket.setEncoding('latin1');
    socket.setTimeout(limits.lifeLineDialMs, () => {
      if (!line.met) socket.destroy();
    });
    socket.on('data', (text: string) => {
      if (line.met) return;
      heard += text;
      if (heard === greeting(token)) {
        line.met = true;
        line.again = false;
        line.failures = 0;
      } else if (!greeting(token).startsWith(heard)) {
        // Another run, or something else altogether, where that one was.
        refused = true;
        socket.destroy();
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      refused = error.code === 'ECONNREFUSED';
    });
    socket.on('close', () => {
      if (this.#closed || this.#lines.get(token) !== line) return;
      if (line.met && !line.again) {
        line.again = true;
        this.#dial(token, line);
      } else if (refused && line.again) this.#ended(token);
      else this.#later(token, line);
    });
  }

  #ended(token: string): void {
    this.#lines.delete(token);
    this.#options.onEnded(token);
  }

  #later(token: string, line: Line): void {
    const pauseMs = line.again ? limits.lifeLineSoonMs * 2 ** Math.min(line.failures++, 30) : Number.POSITIVE_INFINITY;
    setTimeout(
      () => {
        if (!this.#closed && this.#lines.get(token) === line) this.#dial(token, line);
      },
      Math.min(pauseMs, limits.lifeLineAgainMs),
    ).unref();
  }
}
