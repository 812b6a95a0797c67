/** What kind of event a text holds, for those who pass events on without reading them. */
import type { TaskEvent } from './task-view.ts';

const begin = '{"type":"';

/** The `type` of a task's event, in JSON form; undefined for a text that is none. */
export const eventTypeOf = (text: string): TaskEvent['type'] | undefined => {
  // Nearly all begin so; who writes its fields in another order is understood as well.
  if (text.startsWith(begin)) return text.slice(begin.length, text.indexOf('"', begin.length)) as TaskEvent['type'];
  try {
    const event: unknown = JSON.parse(text);
    return typeof event === 'object' && event !== null ? Reflect.get(event, 'type') : undefined;
  } catch {
    return undefined;
  }
};
