/** A form made of a JSON Schema. What is typed in is a value in JSON form all the time; the node checks it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { at, type Issue, pathOf } from './issues.ts';
import { FieldErrors, JsonField } from './json-field.tsx';
import { aboutOf, blankOf, fits, resolved, type Schema, shapeOf, titleOf, type Variant } from './json-schema.ts';

export type FieldProps = {
  readonly schema: Schema;
  readonly root: Schema;
  readonly value: unknown;
  readonly path: string;
  readonly label: string;
  readonly required: boolean;
  readonly issues: readonly Issue[];
  readonly onValue: (value: unknown) => void;
};

export const SchemaField = (props: FieldProps): JSX.Element | null => {
  const { value, required, root, onValue, label } = props;
  const schema = resolved(props.schema, props.root);
  const shape = shapeOf(schema, root);
  switch (shape.kind) {
    case 'object':
    case 'list':
    case 'tuple':
      if (value === undefined && !required)
        return (
          <div class="field">
            <button type="button" onClick={() => onValue(blankOf(schema, root))}>
              Add {label}
            </button>
          </div>
        );
      return <Group {...props} schema={schema} />;
    case 'variants':
      return <Variants {...props} schema={schema} variants={shape.variants} />;
    case 'json':
      return <JsonPart {...props} schema={schema} />;
    case 'choice':
      // A constant that is there leaves nothing to choose.
      if (required && shape.choices.length === 1 && shape.choices[0]?.value === value) return null;
      return <Simple {...props} schema={schema} />;
    case 'null':
      return <p class="faint field">{label}: null</p>;
    default:
      return <Simple {...props} schema={schema} />;
  }
};

const idOf = (path: string): string => `field-${path.replace(/[^\w]/g, '-')}`;

/** A field of one line, with what it is about and what is wrong with it. */
const Simple = (props: FieldProps): JSX.Element => {
  const { schema, path, label, required, issues } = props;
  const id = idOf(path);
  const about = aboutOf(schema);
  const errors = at(issues, path);
  return (
    <div class="field">
      <label for={id}>
        {titleOf(schema) ?? label}
        {required ? null : <span class="faint"> optional</span>}
      </label>
      <Control {...props} id={id} invalid={errors.length > 0} />
      {about === undefined ? null : (
        <p class="faint" id={`${id}-about`}>
          {about}
        </p>
      )}
      <FieldErrors id={`${id}-wrong`} errors={errors} />
    </div>
  );
};

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

const Control = ({
  schema,
  root,
  value,
  required,
  onValue,
  id,
  invalid,
}: FieldProps & { id: string; invalid: boolean }): JSX.Element | null => {
  const shape = shapeOf(schema, root);
  const shared = {
    id,
    'aria-invalid': invalid,
    'aria-required': required,
    'aria-describedby': `${id}-about ${id}-wrong`,
  };
  switch (shape.kind) {
    case 'text': {
      const text = typeof value === 'string' ? value : '';
      const take = (typed: string): void => onValue(typed === '' && !required ? undefined : typed);
      return shape.long ? (
        <textarea {...shared} rows={4} value={text} onInput={(event) => take(event.currentTarget.value)} />
      ) : (
        <input
          {...shared}
          type={shape.input as 'text'}
          value={text}
          onInput={(event) => take(event.currentTarget.value)}
        />
      );
    }
    case 'number': {
      const { minimum, maximum } = schema;
      return (
        <input
          {...shared}
          type="number"
          step={shape.whole ? 1 : 'any'}
          min={numberOf(minimum)}
          max={numberOf(maximum)}
          value={numberOf(value) ?? ''}
          onInput={({ currentTarget: { valueAsNumber } }) =>
            onValue(Number.isNaN(valueAsNumber) ? undefined : valueAsNumber)
          }
        />
      );
    }
    case 'boolean':
      return required ? (
        <input
          {...shared}
          type="checkbox"
          checked={value === true}
          onChange={(event) => onValue(event.currentTarget.checked)}
        />
      ) : (
        <select
          {...shared}
          value={value === undefined ? '' : String(value)}
          onChange={({ currentTarget: { value: chosen } }) => onValue(chosen === '' ? undefined : chosen === 'true')}
        >
          <option value="">not given</option>
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      );
    case 'choice': {
      const chosen = shape.choices.findIndex((choice) => choice.value === value);
      return (
        <select
          {...shared}
          value={chosen === -1 ? '' : String(chosen)}
          onChange={({ currentTarget }) => onValue(shape.choices[Number(currentTarget.value || '-1')]?.value)}
        >
          {required && chosen !== -1 ? null : <option value="">not given</option>}
          {shape.choices.map(({ label }, index) => (
            <option key={label} value={String(index)}>
              {label}
            </option>
          ))}
        </select>
      );
    }
    default:
      return null;
  }
};

/** Fields that belong together: those of an object, the items of a list. */
const Group = (props: FieldProps): JSX.Element => {
  const { schema, root, value, path, label, required, issues, onValue } = props;
  const shape = shapeOf(schema, root);
  const about = aboutOf(schema);
  const record =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const setItem = (index: number, item: unknown): void =>
    onValue(items.map((old, place) => (place === index ? item : old)));
  const setProperty = (name: string, part: unknown): void => {
    const { [name]: _, ...rest } = record;
    onValue(part === undefined ? rest : { ...record, [name]: part });
  };
  return (
    <fieldset class={path === 'input' ? 'group outermost' : 'group'}>
      <legend>{titleOf(schema) ?? label}</legend>
      {about === undefined ? null : <p class="faint">{about}</p>}
      <FieldErrors id={`${idOf(path)}-wrong`} errors={at(issues, path)} />
      {shape.kind === 'object'
        ? shape.properties.map((property) => (
            <SchemaField
              key={property.name}
              schema={property.schema}
              root={root}
              value={record[property.name]}
              path={pathOf(path, property.name)}
              label={property.name}
              required={property.required}
              issues={issues}
              onValue={(part) => setProperty(property.name, part)}
            />
          ))
        : null}
      {shape.kind === 'list' || shape.kind === 'tuple'
        ? items.map((item, index) => (
            <div class="item" key={index}>
              <SchemaField
                schema={shape.kind === 'list' ? shape.items : (shape.items[index] ?? {})}
                root={root}
                value={item}
                path={pathOf(path, index)}
                label={`${label} ${index + 1}`}
                required
                issues={issues}
                onValue={(part) => setItem(index, part)}
              />
              {shape.kind === 'list' ? (
                <button
                  type="button"
                  class="plain"
                  aria-label={`Remove ${label} ${index + 1}`}
                  onClick={() => onValue(items.filter((_, place) => place !== index))}
                >
                  Remove
                </button>
              ) : null}
            </div>
          ))
        : null}
      <div class="actions">
        {shape.kind === 'list' ? (
          <button type="button" onClick={() => onValue([...items, blankOf(shape.items, root)])}>
            Add to {label}
          </button>
        ) : null}
        {required ? null : (
          <button type="button" class="plain" onClick={() => onValue(undefined)}>
            Leave out {label}
          </button>
        )}
      </div>
    </fieldset>
  );
};

const Variants = (props: FieldProps & { variants: readonly Variant[] }): JSX.Element => {
  const { variants, root, value, path, label, required, onValue } = props;
  const fitting = variants.findIndex(({ schema }) => fits(value, schema, root));
  const [chosen, setChosen] = useState(value === undefined && !required ? -1 : Math.max(0, fitting));
  const variant = variants[chosen];
  const id = `${idOf(path)}-kind`;
  return (
    <div class="variants">
      <div class="field">
        <label for={id}>
          {label}
          {required ? null : <span class="faint"> optional</span>}
        </label>
        <select
          id={id}
          value={String(chosen)}
          onChange={({ currentTarget }) => {
            const next = Number(currentTarget.value);
            setChosen(next);
            const schema = variants[next]?.schema;
            onValue(schema === undefined ? undefined : blankOf(schema, root));
          }}
        >
          {required ? null : <option value="-1">not given</option>}
          {variants.map((one, index) => (
            <option key={one.label} value={String(index)}>
              {one.label}
            </option>
          ))}
        </select>
      </div>
      {variant === undefined ? null : <SchemaField key={chosen} {...props} schema={variant.schema} required />}
    </div>
  );
};

/** A part that is typed in as text. What is no JSON yet is kept as text, and given on as nothing. */
const JsonPart = ({ schema, value, path, label, issues, onValue }: FieldProps): JSX.Element => {
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value, null, 2));
  return (
    <JsonField
      id={idOf(path)}
      label={titleOf(schema) ?? label}
      text={text}
      rows={4}
      about={aboutOf(schema)}
      errors={at(issues, path)}
      onText={(typed) => {
        setText(typed);
        try {
          onValue(typed.trim() === '' ? undefined : JSON.parse(typed));
        } catch {
          onValue(undefined);
        }
      }}
    />
  );
};
