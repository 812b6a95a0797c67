/**
 * Texts about tasks, as they are shown: a field without a value is left out instead of being written as one that is undefined.
 * What users' code made stays as it is.
 */

/** Below these names stand values of users. */
const opaque: ReadonlySet<string> = new Set(['value', 'error', 'fields']);

export const shownForm = (text: string): string =>
  text.includes('"$undefined"') ? JSON.stringify(shown(JSON.parse(text))) : text;

const shown = (form: unknown): unknown => {
  if (Array.isArray(form)) return form.map(shown);
  if (typeof form !== 'object' || form === null) return form;
  const fields = Object.entries(form).filter(([name, field]) => name === 'value' || !isUndefinedForm(field));
  return Object.fromEntries(fields.map(([name, field]) => [name, opaque.has(name) ? field : shown(field)]));
};

const isUndefinedForm = (form: unknown): boolean =>
  typeof form === 'object' && form !== null && Reflect.get(form, '$undefined') === true;
