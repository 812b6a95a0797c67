/** Light, dark, or what the system says. `public/theme.js` does the same before the first paint. */
import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const storageKey = 'tutti.theme';
const given = document.documentElement.dataset['theme'];

export const theme = signal<Theme>(given === 'light' || given === 'dark' ? given : 'system');

effect(() => {
  const { dataset } = document.documentElement;
  if (theme.value === 'system') delete dataset['theme'];
  else dataset['theme'] = theme.value;
  try {
    if (theme.value === 'system') localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, theme.value);
  } catch {
    // Storage is closed to this page: the choice holds until it is left.
  }
});
