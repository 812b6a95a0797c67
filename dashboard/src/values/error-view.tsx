/** An error as it was thrown: code, message, stack, and what caused it, down to the first. */
import type { JSX } from 'preact';
import { codeOf } from '../frame/error-line.tsx';
import { describeValue } from './describe-value.ts';
import { Parts } from './value-view.tsx';

const causesShown = 5;

const stackOf = ({ stack, name, message }: Error): string => {
  const text = stack ?? '';
  const head = `${name}: ${message}`;
  return (text.startsWith(head) ? text.slice(head.length) : text).replace(/^\n/, '');
};

export const ErrorView = ({ error, depth = 0 }: { error: Error; depth?: number }): JSX.Element => {
  const code = codeOf(error);
  const stack = stackOf(error);
  const cause: unknown = error.cause;
  const fields = describeValue(error).parts.filter(({ label }) => label !== 'cause' && label !== 'code');
  return (
    <div class="error">
      <p class="error-head">
        {depth === 0 ? null : <span class="faint">caused by </span>}
        <strong>{code ?? error.name}</strong> <span>{error.message}</span>
      </p>
      {fields.length === 0 ? null : (
        <div class="value mono">
          <Parts parts={fields} depth={1} />
        </div>
      )}
      {stack === '' ? null : (
        <pre
          class="stack"
          tabindex={0}
          role="region"
          aria-label={`Stack of ${code ?? error.name}${depth === 0 ? '' : `, cause ${depth}`}`}
        >
          {stack}
        </pre>
      )}
      {cause instanceof Error && depth < causesShown ? (
        <ErrorView error={cause} depth={depth + 1} />
      ) : cause === undefined ? null : (
        <p class="error-head">
          <span class="faint">caused by </span>
          <span class="mono">{describeValue(cause).text}</span>
        </p>
      )}
    </div>
  );
};
