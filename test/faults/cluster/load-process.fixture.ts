/** Callers in a process of their own: begins as its first argument says, and tells what they did on `stop`, once all is answered, or `now`. A number has them hurry for so many ms. */
import { Load, type LoadOptions } from './load.ts';

const load = new Load(JSON.parse(process.argv[2] ?? '{}') as LoadOptions);
const tell = (): void => void process.send?.(load.operations, () => process.exit(0));
process.on('message', (message) => {
  if (typeof message === 'number') load.hurry(message);
  if (message === 'stop') void load.stop().then(tell);
  if (message === 'now') tell();
});
process.on('disconnect', () => process.exit(1));
