/** Starts a task: which one, with what input, under which key and when. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { AppDescription, TaskDescription } from '../../../src/protocol/app-description.ts';
import { encodeValue } from '../../../src/values/codec.ts';
import { formatCount } from '../format.ts';
import { ErrorLine } from '../frame/error-line.tsx';
import { useHeading } from '../frame/use-heading.ts';
import { app, link } from '../link/session.ts';
import { goTo, startHref, taskHref } from '../route.ts';
import { StartForm } from './start-form.tsx';

export const StartPage = ({ name, from }: { name: string | undefined; from: string | undefined }): JSX.Element => {
  const heading = useHeading('Start a task');
  const description = app.value;
  return (
    <div class="sheet start">
      <h1 ref={heading} tabindex={-1}>
        Start a task
      </h1>
      {description === undefined ? (
        <p class="empty">Asking the node …</p>
      ) : (
        <Chosen app={description} name={name} from={from} />
      )}
    </div>
  );
};

const Chosen = ({
  app: { tasks },
  name,
  from,
}: {
  app: AppDescription;
  name: string | undefined;
  from: string | undefined;
}): JSX.Element => {
  const task = tasks.find((one) => one.name === name);
  return (
    <div class="start-columns">
      <nav aria-label="Tasks of the app">
        <ul>
          {tasks.map((one) => (
            <li key={one.name}>
              <a href={startHref(one.name)} aria-current={one.name === name ? 'true' : undefined}>
                {one.name}
              </a>
            </li>
          ))}
        </ul>
        {tasks.length === 0 ? <p class="faint">The app has no tasks.</p> : null}
      </nav>
      {task !== undefined ? (
        <WithInput key={task.name} task={task} from={from} />
      ) : name === undefined ? (
        <p class="soft">Choose what to start.</p>
      ) : (
        <p class="soft">
          The app that runs here has no task <code>{name}</code>.
        </p>
      )}
    </div>
  );
};

/** The form of a task, with the input of an earlier one where it is run again. */
const WithInput = ({ task, from }: { task: TaskDescription; from: string | undefined }): JSX.Element => {
  const [begin, setBegin] = useState<{ text: string | undefined; note: string | undefined } | undefined>(
    from === undefined ? { text: undefined, note: undefined } : undefined,
  );
  const [error, setError] = useState<unknown>();
  const node = link.value;
  useEffect(() => {
    if (from === undefined) return;
    let wanted = true;
    node.detail(from, 0).then(
      (detail) => {
        if (!wanted) return;
        const input = detail?.input;
        if (input === undefined)
          setBegin({ text: undefined, note: 'The task whose input was to be used is not there any more.' });
        else if ('value' in input) setBegin({ text: encodeValue(input.value), note: undefined });
        else
          setBegin({
            text: undefined,
            note: `The input of that task has ${formatCount(input.chars)} characters: too many to be changed here.`,
          });
      },
      (problem) => wanted && setError(problem),
    );
    return () => {
      wanted = false;
    };
  }, [node, from]);
  if (error !== undefined) return <ErrorLine error={error} />;
  if (begin === undefined) return <p class="empty">Asking the node …</p>;
  return (
    <div>
      {begin.note === undefined ? null : <p class="soft">{begin.note}</p>}
      <StartForm task={task} begin={begin.text} started={(id) => goTo(taskHref(id))} />
    </div>
  );
};
