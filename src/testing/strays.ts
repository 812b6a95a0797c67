/** What user code throws past everybody, and `process.exit`, in a simulated world. */
import { currentScope } from '../execution/executor/scope.ts';
import type { InLineExecutor } from './in-line-executors.ts';
import type { UserWorld } from './user-world.ts';

/** The executor whose code runs. */
const runningExecutor = ({ node, owner }: UserWorld): InLineExecutor | undefined => node.executors?.of(owner);

/** Something was thrown past everybody: it fails the task whose code it was, ends the thread of nobody's, or else the run. */
export const strayed = (world: UserWorld, error: unknown): void => {
  const scope = currentScope();
  const executor = runningExecutor(world);
  if (executor === undefined) world.simulation.fail(error);
  else if (scope !== undefined) executor.core.strayed(scope.attempt, error);
  else world.node.executors?.lose(executor.number, { kind: 'crashed', what: String(error) });
};

/** Until the returned function is called, what is thrown past everybody and `process.exit` are the world's. */
export const catchStrays = (world: UserWorld): (() => void) => {
  const caught = (error: unknown): void => strayed(world, error);
  const realExit = process.exit;
  process.exit = (code) => {
    const attempt = currentScope()?.attempt;
    const executor = runningExecutor(world);
    const error = new Error(`process.exit(${code ?? ''}) was called.`);
    if (executor === undefined) world.simulation.fail(error);
    else {
      const guilty = attempt && { partition: attempt.partition, epoch: attempt.epoch, n: attempt.n };
      world.node.executors?.lose(
        executor.number,
        { kind: 'crashed', what: `the thread ended with code ${code ?? 0}` },
        guilty,
      );
    }
    // Nothing that it still does counts.
    throw error;
  };
  process.on('unhandledRejection', caught);
  process.on('uncaughtException', caught);
  return () => {
    process.exit = realExit;
    process.off('unhandledRejection', caught);
    process.off('uncaughtException', caught);
  };
};
