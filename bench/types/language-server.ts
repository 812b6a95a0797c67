/** Asks the language server of TypeScript, as an editor does. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

type Message = { readonly id?: number; readonly method?: string; readonly result?: unknown; readonly error?: unknown };

export class LanguageServer {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers = new Map<number, (message: Message) => void>();
  #unread = Buffer.alloc(0);
  #last = 0;

  constructor(compiler: string) {
    this.#process = spawn(process.execPath, [compiler, '--lsp', '-stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#process.stdout.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  async open(folder: string, program: string, text: string): Promise<void> {
    await this.#ask('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      capabilities: { textDocument: { completion: { completionItem: {} } } },
    });
    this.#tell({ method: 'initialized', params: {} });
    const document = { uri: pathToFileURL(program).href, languageId: 'typescript', version: 1, text };
    this.#tell({ method: 'textDocument/didOpen', params: { textDocument: document } });
  }

  /** Replaces the text, as typing does. */
  change(program: string, version: number, text: string): void {
    const textDocument = { uri: pathToFileURL(program).href, version };
    this.#tell({ method: 'textDocument/didChange', params: { textDocument, contentChanges: [{ text }] } });
  }

  /** Names offered at a place, counted from 0. */
  async complete(program: string, line: number, character: number): Promise<readonly string[]> {
    const textDocument = { uri: pathToFileURL(program).href };
    const { result, error } = await this.#ask('textDocument/completion', {
      textDocument,
      position: { line, character },
      context: { triggerKind: 2, triggerCharacter: '.' },
    });
    if (error !== undefined) throw new Error(JSON.stringify(error));
    const items = Array.isArray(result) ? result : ((result as { items?: unknown[] } | null)?.items ?? []);
    return (items as { label: string }[]).map(({ label }) => label);
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    await this.#ask('shutdown', null);
    this.#tell({ method: 'exit' });
    await ended;
  }

  #ask(method: string, params: unknown): Promise<Message> {
    const id = ++this.#last;
    this.#tell({ id, method, params });
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }

  #tell(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #take(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    while (true) {
      const end = this.#unread.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/i.exec(this.#unread.toString('latin1', 0, end))?.[1]);
      if (end === -1 || this.#unread.length < end + 4 + length) return;
      const message = JSON.parse(this.#unread.toString('utf8', end + 4, end + 4 + length)) as Message;
      this.#unread = this.#unread.subarray(end + 4 + length);
      if (message.method !== undefined) {
        // What it asks of an editor.
        if (message.id !== undefined) this.#tell({ id: message.id, result: null });
      } else if (message.id !== undefined) {
        this.#answers.get(message.id)?.(message);
        this.#answers.delete(message.id);
      }
    }
  }
}
