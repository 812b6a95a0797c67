/** Search and filters. Each stands in the address bar, so that what is seen can be passed on. */
import type { JSX, RefObject } from 'preact';
import { app } from '../link/session.ts';
import { setQuery } from '../route.ts';
import { ageChoices, stateChoices } from './task-filter.ts';

const chosen = (event: Event): string => (event.currentTarget as HTMLInputElement | HTMLSelectElement).value;

const Choice = ({
  name,
  label,
  value,
  any,
  choices,
}: {
  name: string;
  label: string;
  value: string;
  any: string;
  choices: readonly { readonly name: string; readonly text: string }[];
}): JSX.Element => (
  <select aria-label={label} value={value} onChange={(event) => setQuery({ [name]: chosen(event) })}>
    <option value="">{any}</option>
    {choices.some((choice) => choice.name === value) || value === '' ? null : <option value={value}>{value}</option>}
    {choices.map((choice) => (
      <option key={choice.name} value={choice.name}>
        {choice.text}
      </option>
    ))}
  </select>
);

export const FilterBar = ({
  query,
  search,
}: {
  query: URLSearchParams;
  search: RefObject<HTMLInputElement | null>;
}): JSX.Element => {
  const filtered = [...query.keys()].length > 0;
  return (
    <search class="filters">
      <input
        ref={search}
        type="search"
        aria-label="Search: an id, a name or a key, or how one begins"
        placeholder="Id, name or key begins with …"
        title="Ctrl+K"
        value={query.get('text') ?? ''}
        onInput={(event) => setQuery({ text: chosen(event) })}
      />
      <Choice
        name="state"
        label="State"
        any="Any state"
        value={query.get('state') ?? ''}
        choices={stateChoices.map((name) => ({ name, text: name }))}
      />
      <Choice
        name="name"
        label="Name"
        any="Any name"
        value={query.get('name') ?? ''}
        choices={(app.value?.tasks ?? []).map(({ name }) => ({ name, text: name }))}
      />
      <Choice name="within" label="Made" any="Any time" value={query.get('within') ?? ''} choices={ageChoices} />
      <label class="check">
        <input
          type="checkbox"
          checked={query.get('top') === '1'}
          onChange={(event) => setQuery({ top: event.currentTarget.checked ? '1' : undefined })}
        />
        Without children
      </label>
      {filtered ? (
        <button
          type="button"
          class="plain"
          onClick={() => setQuery(Object.fromEntries([...query.keys()].map((name) => [name, undefined])))}
        >
          Clear
        </button>
      ) : null}
    </search>
  );
};
