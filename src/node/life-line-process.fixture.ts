/** A process that listens for life lines: prints its address, and ends when it is killed. */
import { LifeLines } from './life-lines.ts';

const lines = await LifeLines.open({
  token: process.argv[2] as string,
  host: '127.0.0.1',
  port: 0,
  tls: undefined,
  onEnded: () => undefined,
});
process.stdout.write(`${lines.address}\n`);
