/** What can be done with a task: end it, run it again as it was, or with another input. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { TaskStateName, TaskStatus } from '../../../src/protocol/task-view.ts';
import { ErrorLine } from '../frame/error-line.tsx';
import { link } from '../link/session.ts';
import { startHref } from '../route.ts';

const ended = new Set(['completed', 'failed', 'cancelled']);

export const TaskActions = ({ status, done }: { status: TaskStatus; done: () => void }): JSX.Element => {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  const actions = useRef<HTMLDivElement>(null);
  /** The state in which something was asked for, until there is another. */
  const askedIn = useRef<TaskStateName | undefined>(undefined);
  const { id, name, state } = status;
  // The button that was pressed goes when the state is another: the focus goes to what can be done next.
  useEffect(() => {
    if (busy || askedIn.current === undefined) return;
    if (document.activeElement === document.body) actions.current?.querySelector<HTMLElement>('button, a')?.focus();
    if (askedIn.current !== state) askedIn.current = undefined;
  }, [state, busy]);
  const act = async (action: (id: string) => Promise<void>): Promise<void> => {
    askedIn.current = state;
    setBusy(true);
    setError(undefined);
    try {
      await action(id);
      done();
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  return (
    <>
      <div class="actions" ref={actions}>
        {ended.has(state) ? null : (
          <button type="button" class="danger" disabled={busy} onClick={() => dialog.current?.showModal()}>
            Cancel
          </button>
        )}
        {state === 'failed' || state === 'cancelled' ? (
          <button type="button" class="primary" disabled={busy} onClick={() => void act((of) => link.value.retry(of))}>
            Retry
          </button>
        ) : null}
        <a class="button" href={startHref(name, { from: id })}>
          Run again …
        </a>
      </div>
      {error === undefined ? null : <ErrorLine error={error} />}
      <dialog ref={dialog} aria-labelledby="cancel-heading">
        <form
          method="dialog"
          onSubmit={(event) => {
            if ((event.submitter as HTMLButtonElement | null)?.value === 'yes') void act((of) => link.value.cancel(of));
          }}
        >
          <h2 id="cancel-heading">Cancel this task?</h2>
          <p class="soft">
            It ends, and so do the tasks that it waits for. Steps that are recorded stay, and it can be retried.
          </p>
          <div class="actions">
            <button type="submit" value="no">
              Keep it
            </button>
            <button type="submit" value="yes" class="danger">
              Cancel the task
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
};
