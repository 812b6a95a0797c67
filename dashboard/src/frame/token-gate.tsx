/** Asks for the token of a node that wants one. */
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { signIn } from '../link/session.ts';
import { messageOf } from './error-line.tsx';
import { useHeading } from './use-heading.ts';

export const TokenGate = (): JSX.Element => {
  const field = useRef<HTMLInputElement>(null);
  const [complaint, setComplaint] = useState<string>();
  const heading = useHeading('Token');
  const submit = async (): Promise<void> => {
    const token = field.current?.value.trim() ?? '';
    if (token === '') return;
    try {
      setComplaint((await signIn(token)) ? undefined : 'The node does not take this token.');
    } catch (error) {
      setComplaint(`The node cannot be asked: ${messageOf(error)}`);
    }
  };
  return (
    <div class="gate">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h1 ref={heading} tabindex={-1}>
          This node wants a token
        </h1>
        <p class="soft" id="token-about">
          It is what was given to <code>--token</code> or <code>TUTTI_TOKEN</code> when the node was started.
        </p>
        <div class="field">
          <label for="token">Token</label>
          <input
            id="token"
            ref={field}
            type="password"
            autocomplete="current-password"
            aria-describedby="token-about token-wrong"
            aria-invalid={complaint !== undefined}
          />
          <div id="token-wrong" class="field-errors" role="alert">
            {complaint}
          </div>
        </div>
        <button type="submit" class="primary">
          Connect
        </button>
      </form>
    </div>
  );
};
