/** A value as text in JSON form: for what no form can show. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { decodeWritten } from '../../../src/values/written-value.ts';
import { messageOf } from '../frame/error-line.tsx';

/** What is wrong with a text that is to be a value in JSON form. */
export const jsonComplaint = (text: string): string | undefined => {
  try {
    decodeWritten(text, 'The input');
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
};

export const JsonField = ({
  id,
  label,
  text,
  rows,
  about,
  errors,
  onText,
}: {
  id: string;
  label: string;
  text: string;
  rows: number;
  about: string | undefined;
  errors: readonly string[];
  onText: (text: string) => void;
}): JSX.Element => {
  const [touched, setTouched] = useState(false);
  const complaint = touched && text.trim() !== '' ? jsonComplaint(text) : undefined;
  const all = complaint === undefined ? errors : [complaint, ...errors];
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={rows}
        spellcheck={false}
        value={text}
        aria-invalid={all.length > 0}
        aria-describedby={`${id}-about ${id}-wrong`}
        onInput={(event) => onText(event.currentTarget.value)}
        onBlur={() => setTouched(true)}
      />
      <p class="faint" id={`${id}-about`}>
        {about === undefined ? '' : `${about} `}JSON; other kinds of values as{' '}
        <code>{'{"$date":"2026-11-01T00:00:00Z"}'}</code>, <code>{'{"$bigint":"7"}'}</code>.
      </p>
      <FieldErrors id={`${id}-wrong`} errors={all} />
    </div>
  );
};

export const FieldErrors = ({ id, errors }: { id: string; errors: readonly string[] }): JSX.Element => (
  <div id={id} class="field-errors">
    {errors.map((message) => (
      <p key={message}>{message}</p>
    ))}
  </div>
);
