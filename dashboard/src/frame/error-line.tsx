/** What went wrong when something was asked of the node: its message, which says what to do, and its code. */
import type { JSX } from 'preact';

export const codeOf = (error: unknown): string | undefined => {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
};

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const ErrorLine = ({ error }: { error: unknown }): JSX.Element => (
  <div class="alert" role="alert">
    <strong>{codeOf(error) ?? 'Error'}</strong>
    <span>{messageOf(error)}</span>
  </div>
);
