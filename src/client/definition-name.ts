/** The name of a task's definition in an app. That the app's names are right is the node's to check. */
import { isTask, type TaskDefinition } from '../app/task.ts';

/** Its own name, else where `namespace` exports it, nested namespaces included; undefined where it does not. */
export const definitionName = (namespace: unknown, definition: TaskDefinition): string | undefined =>
  definition.name ?? find(namespace, definition, '', []);

const find = (
  namespace: unknown,
  definition: TaskDefinition,
  prefix: string,
  above: readonly unknown[],
): string | undefined => {
  if (typeof namespace !== 'object' || namespace === null || above.includes(namespace)) return undefined;
  for (const [name, value] of Object.entries(namespace)) {
    if (value === definition) return prefix + name;
    if (isTask(value)) continue;
    const found = find(value, definition, `${prefix}${name}.`, [...above, namespace]);
    if (found !== undefined) return found;
  }
  return undefined;
};
