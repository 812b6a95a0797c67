/** Locks the folder named on the command line, says so, and waits to be killed. */
import { lockFolder } from './folder-lock.ts';

try {
  lockFolder(process.argv[2] ?? '');
  process.stdout.write('locked\n');
  setInterval(() => {}, 60_000);
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
}
