/** A response whose text is known, so that a server can send it at once instead of reading it back from a stream. */
export class TextResponse extends Response {
  readonly content: string;

  constructor(content: string, status: number, headers: Readonly<Record<string, string>>) {
    super(content, { status, headers });
    this.content = content;
  }
}
