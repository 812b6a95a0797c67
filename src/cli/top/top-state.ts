/**
 * What `tutti top` shows and what keys do, as in k9s: `:` another resource, `/` a filter, Enter what belongs to a row, Escape takes the
 * filter away and then goes back, `?` help, `q` the end. A state machine: a key in, the next state out. What is on the row is told by
 * what the row is known by, so it stays the same while rows come and go.
 */
import type { Key } from './keys.ts';
import type { Listing, Resource } from './resource.ts';
import { resources } from './resource.ts';

/** What is looked at. */
export type Place = {
  readonly resource: Resource;
  readonly filter: string;
  /** The filter that belongs to the place: the row that Enter came from; '' otherwise. */
  readonly given: string;
  readonly selected: string | undefined;
};

export type TopState = Place & {
  /** Where Escape goes back to, the newest last. */
  readonly before: readonly Place[];
  /** What is being typed, after `:` or `/`. */
  readonly prompt: { readonly kind: ':' | '/'; readonly text: string } | undefined;
  readonly help: boolean;
  /** What to say instead of the keys, until the next one. */
  readonly message: string | undefined;
  readonly ended: boolean;
};

export const firstState = (resource: Resource): TopState => ({
  ...{ resource, filter: '', given: '', selected: undefined, before: [] },
  ...{ prompt: undefined, help: false, message: undefined, ended: false },
});

const placesKept = 20;
const textCharsMax = 200;

/** `listing`: what the state shows now; `page`: how many rows are seen at once. */
export const onKey = (state: TopState, key: Key, listing: Listing, page: number): TopState => {
  if (key.kind === 'interrupt') return { ...state, ended: true };
  const quiet = { ...state, message: undefined };
  if (state.help) return { ...quiet, help: false };
  return state.prompt === undefined ? onPlainKey(quiet, key, listing, page) : onPromptKey(quiet, key);
};

// --- In the list

const onPlainKey = (state: TopState, key: Key, listing: Listing, page: number): TopState => {
  const { rows } = listing;
  const at = Math.max(
    0,
    rows.findIndex(({ id }) => id === state.selected),
  );
  const moved = (to: number): TopState => ({
    ...state,
    selected: rows[Math.max(0, Math.min(rows.length - 1, to))]?.id,
  });
  switch (key.kind) {
    case 'up':
      return moved(at - 1);
    case 'down':
      return moved(at + 1);
    case 'pageUp':
      return moved(at - page);
    case 'pageDown':
      return moved(at + page);
    case 'home':
      return moved(0);
    case 'end':
      return moved(rows.length - 1);
    case 'enter':
      return under(state, listing, rows[at]?.id);
    case 'escape':
      return back(state);
    case 'tab':
      return goTo(state, resources[(resources.indexOf(state.resource) + 1) % resources.length] ?? 'nodes', '');
    case 'char':
      return onChar(state, key.char, moved, at, rows.length);
    default:
      return state;
  }
};

const onChar = (
  state: TopState,
  char: string,
  moved: (to: number) => TopState,
  at: number,
  count: number,
): TopState => {
  switch (char) {
    case 'q':
      return { ...state, ended: true };
    case '?':
    case 'h':
      return { ...state, help: true };
    case ':':
      return { ...state, prompt: { kind: ':', text: '' } };
    case '/':
      return { ...state, prompt: { kind: '/', text: state.filter } };
    case 'j':
      return moved(at + 1);
    case 'k':
      return moved(at - 1);
    case 'g':
      return moved(0);
    case 'G':
      return moved(count - 1);
    default:
      return state;
  }
};

const placeOf = ({ resource, filter, given, selected }: TopState): Place => ({ resource, filter, given, selected });

const goTo = (state: TopState, resource: Resource, filter: string, given = ''): TopState => ({
  ...state,
  resource,
  filter,
  given,
  selected: undefined,
  before: [...state.before, placeOf(state)].slice(-placesKept),
});

const under = (state: TopState, listing: Listing, id: string | undefined): TopState =>
  listing.under === undefined || id === undefined ? state : goTo(state, listing.under, id, id);

/** First the filter goes, where one was set here; then to where one came from. */
const back = (state: TopState): TopState => {
  const { filter, given, before } = state;
  if (filter !== '' && filter !== given) return { ...state, filter: given };
  return { ...state, ...before.at(-1), before: before.slice(0, -1) };
};

// --- In the prompt

const onPromptKey = (state: TopState, key: Key): TopState => {
  const { kind, text } = state.prompt ?? { kind: '/' as const, text: '' };
  const typed = (next: string): TopState => ({
    ...state,
    prompt: { kind, text: next },
    // A filter holds while it is typed.
    ...(kind === '/' ? { filter: next } : {}),
  });
  switch (key.kind) {
    case 'char':
      return typed(`${text}${key.char}`.slice(0, textCharsMax));
    case 'backspace':
      return text === '' ? { ...state, prompt: undefined } : typed(Array.from(text).slice(0, -1).join(''));
    case 'tab':
      return kind === ':' ? typed(resourceOf(text) ?? text) : state;
    case 'escape':
      return { ...state, prompt: undefined, ...(kind === '/' ? { filter: state.given } : {}) };
    case 'enter':
      return kind === '/' ? { ...state, prompt: undefined } : command({ ...state, prompt: undefined }, text.trim());
    default:
      return state;
  }
};

/** The resource whose name begins so; the first of several. */
const resourceOf = (text: string): Resource | undefined =>
  text === '' ? undefined : resources.find((name) => name.startsWith(text.toLowerCase()));

const command = (state: TopState, text: string): TopState => {
  if (text === '') return state;
  if (text === 'q' || text === 'quit') return { ...state, ended: true };
  const [name = '', ...rest] = text.split(/\s+/);
  const resource = resourceOf(name);
  return resource === undefined
    ? { ...state, message: `There is no "${text}". There are: ${resources.join(', ')}, quit.` }
    : goTo(state, resource, rest.join(' '));
};
