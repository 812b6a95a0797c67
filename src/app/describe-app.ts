/** What an app has, for those who cannot import it. Schemas are user code: this runs where user code runs. */
import type { AppDescription } from '../protocol/app-description.ts';
import type { AppCatalogue } from './catalogue-of-app.ts';
import { encodePolicy, policyOf } from './policy.ts';
import type { StandardSchema } from './standard-schema.ts';

export const describeApp = (app: AppCatalogue): AppDescription => ({
  fingerprint: app.fingerprint,
  tasks: [...app.definitions].map(([name, definition]) => {
    const policy = policyOf(definition);
    return {
      name,
      checked: definition.schema !== undefined,
      inputSchema: definition.schema === undefined ? undefined : inputSchemaOf(definition.schema),
      policy: policy === undefined ? undefined : encodePolicy(policy),
    };
  }),
});

/**
 * By the Standard JSON Schema specification; undefined where the library does not implement it, or where the schema takes what
 * JSON Schema cannot say (a Date).
 */
const inputSchemaOf = (schema: StandardSchema): Readonly<Record<string, unknown>> | undefined => {
  try {
    const described = schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' });
    // A plain copy: what a library hands out need not be data.
    return described === undefined ? undefined : (JSON.parse(JSON.stringify(described)) as Record<string, unknown>);
  } catch {
    return undefined;
  }
};
