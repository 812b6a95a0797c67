/**
 * The part of the Standard Schema specification (version 1) that Tutti uses. Any library that implements it can check
 * inputs; none is imported.
 */

export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    /** The Standard JSON Schema specification, where the library implements it; throws for what it cannot express. */
    readonly jsonSchema?:
      | { readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown> }
      | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export type SchemaIssue = {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
};

type TypesOf<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>;

/** What callers pass. */
export type SchemaInput<Schema extends StandardSchema> = TypesOf<Schema>['input'];

/** What the function receives. */
export type SchemaOutput<Schema extends StandardSchema> = TypesOf<Schema>['output'];
