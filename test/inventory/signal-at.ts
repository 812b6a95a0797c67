/**
 * Loaded into the process of an inventory before everything else (`--import`): sends it the signal `SIGNAL_AT` names (such as
 * `SIGKILL:4`) when it tells of progress for the fourth time. From within, because a test that reads the line and then sends the
 * signal may come too late.
 */
import { isMainThread } from 'node:worker_threads';

const [signal, count] = process.env['SIGNAL_AT']?.split(':') ?? [];

if (isMainThread && signal !== undefined) {
  const write = process.stderr.write.bind(process.stderr);
  let seen = 0;
  process.stderr.write = (chunk: string | Uint8Array, ...rest: never[]): boolean => {
    const isWritten = write(chunk, ...rest);
    if (chunk.toString().includes('"progress"')) {
      seen += 1;
      if (seen === Number(count)) process.kill(process.pid, signal);
    }
    return isWritten;
  };
}
