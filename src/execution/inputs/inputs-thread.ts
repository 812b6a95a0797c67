/**
 * The entry of the thread that checks inputs from outside by the app's schemas, before they are recorded. Schemas are user code,
 * so they run in no thread of ours; and not in those of the tasks either, which may compute for minutes.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { AppCatalogue } from '../../app/catalogue-of-app.ts';
import { describeApp } from '../../app/describe-app.ts';
import { validateInput } from '../../app/validate-input.ts';
import { TuttiError } from '../../errors/tutti-error.ts';
import { encodeError, encodeValue } from '../../values/codec.ts';
import { decodeWritten } from '../../values/written-value.ts';
import { loadApp } from '../executor/load-app.ts';
import type { FromInputsThread, InputsThreadData, ToInputsThread } from './control.ts';

const { module } = workerData as InputsThreadData;
const tell = (message: FromInputsThread): void => parentPort?.postMessage(message);

type Check = Extract<ToInputsThread, { kind: 'check' }>;

const check = async (app: AppCatalogue, { request, name, input }: Check): Promise<void> => {
  try {
    const definition = app.definitions.get(name);
    if (definition === undefined) throw new TuttiError('TASK_UNKNOWN', `The app has no task ${name}.`);
    const valid = await validateInput(definition, decodeWritten(input, 'input'));
    tell({ kind: 'checked', request, ok: true, text: encodeValue(valid, 'input') });
  } catch (error) {
    tell({ kind: 'checked', request, ok: false, text: encodeError(error) });
  }
};

try {
  const app = await loadApp(module);
  const description = describeApp(app);
  parentPort?.on('message', (message: ToInputsThread) => {
    if (message.kind === 'ping') tell({ kind: 'alive' });
    else void check(app, message);
  });
  tell({ kind: 'ready', app: description });
} catch (error) {
  tell({ kind: 'loadFailed', error: encodeError(error) });
  parentPort?.close();
}
