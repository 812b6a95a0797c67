/**
 * Loaded into the process of an inventory before everything else (`--import`): sends it the signal `SIGNAL_AT` names (such as
 * `SIGKILL:40`) when it first tells that 40 % of the files are done, or more. From within, because a test that reads the line and
 * then sends the signal may come too late; by share, because a faster machine tells of progress less often.
 */
import { isMainThread } from 'node:worker_threads';

const [signal, percent] = process.env['SIGNAL_AT']?.split(':') ?? [];

if (isMainThread && signal !== undefined) {
  const write = process.stderr.write.bind(process.stderr);
  let sent = false;
  process.stderr.write = (chunk: string | Uint8Array, ...rest: never[]): boolean => {
    const isWritten = write(chunk, ...rest);
    const text = chunk.toString();
    if (sent || !text.includes('"progress"')) return isWritten;
    const { filesDone, files } = JSON.parse(text) as { readonly filesDone: number; readonly files: number };
    if (filesDone * 100 >= Number(percent) * files) {
      sent = true;
      process.kill(process.pid, signal);
    }
    return isWritten;
  };
}
