/** Copies a text, and says so. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

const saidMs = 1_500;

export const CopyButton = ({ text, what }: { text: string; what: string }): JSX.Element | null => {
  const [copied, setCopied] = useState(false);
  // Only pages of this machine, or over TLS, may.
  if (navigator.clipboard === undefined) return null;
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => {
        setCopied(true);
        setTimeout(() => setCopied(false), saidMs);
      },
      () => undefined,
    );
  };
  return (
    <>
      <button type="button" class="plain" aria-label={`Copy ${what}`} onClick={copy}>
        {copied ? 'Copied' : 'Copy'}
      </button>
      <span class="for-readers" role="status">
        {copied ? 'Copied' : ''}
      </span>
    </>
  );
};
