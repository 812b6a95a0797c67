/** One task: how it is, asked for again whenever it changed, and what it logs, line by line. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { StepView, TaskDetail } from '../../../src/protocol/task-detail.ts';
import type { TaskEvent, TaskPage } from '../../../src/protocol/task-view.ts';
import { codeOf } from '../frame/error-line.tsx';
import { link } from '../link/session.ts';
import { useStream } from '../link/use-stream.ts';

export type LogEvent = Extract<TaskEvent, { type: 'log' }>;

/** Log lines that are kept; more would only cost memory. */
const linesMax = 5_000;
/** Between two questions how the task is, while it runs. */
const askMs = 700;

export type TaskViewState = {
  /** Undefined: not known yet; null: there is no such task. */
  readonly detail: TaskDetail | null | undefined;
  /** The steps of the first page, and those that were asked for. */
  readonly steps: readonly StepView[];
  readonly lines: readonly LogEvent[];
  /** Lines that were let go of. */
  readonly linesLost: number;
  readonly error: unknown;
  /** Asks again how it is, and follows it again if it had ended. */
  readonly renew: () => void;
  readonly moreSteps: (() => void) | undefined;
};

async function* nothing(): AsyncGenerator<TaskPage> {}

export const useTask = (id: string): TaskViewState => {
  const node = link.value;
  const [detail, setDetail] = useState<TaskDetail | null>();
  const [later, setLater] = useState<{ steps: readonly StepView[]; next: number | undefined }>();
  const [lines, setLines] = useState<{ kept: readonly LogEvent[]; lost: number }>({ kept: [], lost: 0 });
  const [error, setError] = useState<unknown>();
  const [round, setRound] = useState(0);
  const state = useRef({ asking: false, again: false, over: false });
  const waiting = useRef<LogEvent[]>([]);

  const ask = async (): Promise<void> => {
    const mine = state.current;
    if (mine.asking) {
      mine.again = true;
      return;
    }
    mine.asking = true;
    mine.again = false;
    try {
      const answer = await node.detail(id, 0);
      if (mine.over) return;
      setDetail(answer ?? null);
      setError(undefined);
    } catch (problem) {
      if (!mine.over) setError(problem);
    }
    setTimeout(() => {
      mine.asking = false;
      if (mine.again && !mine.over) void ask();
    }, askMs);
  };

  // Each round follows anew.
  useEffect(() => {
    const mine = { asking: false, again: false, over: false };
    state.current = mine;
    void ask();
    return () => {
      mine.over = true;
    };
  }, [node, id, round]);

  useStream(
    (from, signal) => from.follow(id, signal),
    (event) => {
      if (event.type !== 'log') {
        void ask();
        return;
      }
      // Many lines at once are shown at once.
      if (waiting.current.push(event) > 1) return;
      requestAnimationFrame(() => {
        const fresh = waiting.current.splice(0);
        setLines(({ kept, lost }) => {
          const newest = kept.at(-1)?.index ?? -1;
          const all = [...kept, ...fresh.filter(({ index }) => index > newest)];
          return { kept: all.slice(-linesMax), lost: lost + Math.max(0, all.length - linesMax) };
        });
      });
    },
    (problem) => {
      if (codeOf(problem) !== 'TASK_NOT_FOUND') setError(problem);
    },
    [id, round],
  );

  // One that has ended may be run again by others.
  const over = detail?.status.finishedAt !== undefined;
  useStream(
    (from, signal) => (over ? from.pages({ idPrefix: id, limit: 1 }, signal) : nothing()),
    ({ tasks: [now] }) => {
      if (now?.id === id && now.finishedAt === undefined) setRound((count) => count + 1);
    },
    undefined,
    [id, over],
  );

  const next = later === undefined ? detail?.nextStep : later.next;
  const moreSteps =
    next === undefined
      ? undefined
      : () => {
          node.detail(id, next).then(
            (answer) =>
              setLater((before) => ({
                steps: [...(before?.steps ?? []), ...(answer?.steps ?? [])],
                next: answer?.nextStep,
              })),
            setError,
          );
        };

  return {
    detail,
    steps: [...(detail?.steps ?? []), ...(later?.steps ?? [])],
    lines: lines.kept,
    linesLost: lines.lost,
    error,
    renew: () => setRound((count) => count + 1),
    moreSteps,
  };
};
