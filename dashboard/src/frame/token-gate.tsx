/** Asks for the token of a node that wants one. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { giveToken, tokenRefused } from '../link/session.ts';
import { useHeading } from './use-heading.ts';

export const TokenGate = (): JSX.Element => {
  const field = useRef<HTMLInputElement>(null);
  const heading = useHeading('Token');
  const submit = (event: Event): void => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? '';
    if (token !== '') giveToken(token);
  };
  return (
    <div class="gate">
      <form onSubmit={submit}>
        <h1 ref={heading} tabindex={-1}>
          This node wants a token
        </h1>
        <p class="soft" id="token-about">
          It is what was given to <code>--token</code> or <code>TUTTI_TOKEN</code> when the node was started. It is kept
          until this tab is closed.
        </p>
        <label for="token">Token</label>
        <input
          id="token"
          ref={field}
          type="password"
          autocomplete="current-password"
          aria-describedby="token-about token-wrong"
          aria-invalid={tokenRefused.value}
        />
        <div id="token-wrong" role="alert">
          {tokenRefused.value ? <span class="state-failed">The node does not take this token.</span> : null}
        </div>
        <button type="submit" class="primary">
          Connect
        </button>
      </form>
    </div>
  );
};
