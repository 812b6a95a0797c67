import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { TaskDescription } from '../../../src/protocol/app-description.ts';
import { durationMs } from '../../../src/values/duration.ts';
import { decodeWritten } from '../../../src/values/written-value.ts';
import { ErrorLine } from '../frame/error-line.tsx';
import { link } from '../link/session.ts';
import { type Issue, issuesOf, rootPath } from './issues.ts';
import { JsonField, jsonComplaint } from './json-field.tsx';
import { blankOf, shapeOf } from './json-schema.ts';
import { SchemaField } from './schema-form.tsx';

type Mode = 'form' | 'json';

const pretty = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value, null, 2));

/** `begin`: the text of the input that it opens with, in JSON form. */
export const StartForm = ({
  task,
  begin,
  started,
}: {
  task: TaskDescription;
  begin: string | undefined;
  started: (id: string) => void;
}): JSX.Element => {
  const schema = task.inputSchema;
  const asForm = schema !== undefined && shapeOf(schema, schema).kind !== 'json';
  const first: unknown =
    begin === undefined ? (schema === undefined ? undefined : blankOf(schema, schema)) : JSON.parse(begin);
  const [mode, setMode] = useState<Mode>(asForm ? 'form' : 'json');
  /** In JSON form, as the text is. */
  const [value, setValue] = useState(first);
  const [text, setText] = useState(pretty(first));
  const [issues, setIssues] = useState<readonly Issue[]>([]);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const key = useRef<HTMLInputElement>(null);
  const delay = useRef<HTMLInputElement>(null);
  const form = useRef<HTMLFormElement>(null);

  const change = (next: Mode): void => {
    if (next === 'json') setText(pretty(value));
    else {
      if (text.trim() !== '' && jsonComplaint(text) !== undefined) return;
      setValue(text.trim() === '' ? undefined : JSON.parse(text));
    }
    setMode(next);
  };

  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    setIssues([]);
    try {
      const formText = mode === 'json' ? text.trim() : value === undefined ? '' : JSON.stringify(value);
      const input = formText === '' ? undefined : decodeWritten(formText, 'The input');
      const after = delay.current?.value.trim() ?? '';
      const delayMs = after === '' ? 0 : durationMs(/^\d+$/.test(after) ? Number(after) * 1_000 : after, 'Start after');
      const wanted = key.current?.value ?? '';
      started(await link.value.start(task.name, input, { key: wanted === '' ? undefined : wanted, delayMs }));
    } catch (problem) {
      const found = issuesOf(problem);
      setIssues(found ?? []);
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <form
      ref={form}
      class="start-form"
      noValidate
      aria-label={`Start ${task.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div class="form-head">
        <h2>{task.name}</h2>
        {asForm ? (
          <fieldset class="modes" aria-label="Input as">
            {(['form', 'json'] as const).map((name) => (
              <button key={name} type="button" aria-pressed={mode === name} onClick={() => change(name)}>
                {name === 'form' ? 'Form' : 'JSON'}
              </button>
            ))}
          </fieldset>
        ) : null}
      </div>
      {mode === 'form' && schema !== undefined ? (
        <SchemaField
          schema={schema}
          root={schema}
          value={value}
          path={rootPath}
          label="Input"
          required
          issues={issues}
          onValue={setValue}
        />
      ) : (
        <JsonField
          id="input-json"
          label="Input"
          text={text}
          rows={10}
          about={schema === undefined ? 'Empty: no input.' : undefined}
          errors={issues.map(({ path, message }) => `${path}: ${message}`)}
          onText={setText}
        />
      )}
      <div class="beside">
        <div class="field">
          <label for="start-key">
            Idempotency key<span class="faint"> optional</span>
          </label>
          <input id="start-key" ref={key} aria-describedby="start-key-about" autocomplete="off" spellcheck={false} />
          <p class="faint" id="start-key-about">
            The same key and input is the same task.
          </p>
        </div>
        <div class="field">
          <label for="start-delay">
            Start after<span class="faint"> optional</span>
          </label>
          <input id="start-delay" ref={delay} aria-describedby="start-delay-about" autocomplete="off" />
          <p class="faint" id="start-delay-about">
            Seconds, or as <code>5 min</code>, <code>1 day</code>.
          </p>
        </div>
      </div>
      {error === undefined ? null : <ErrorLine error={error} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={busy}>
          {busy ? 'Starting …' : 'Start'}
        </button>
      </div>
    </form>
  );
};
