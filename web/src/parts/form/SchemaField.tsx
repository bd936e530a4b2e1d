// A field, or a group of fields, drawn from its schema; what is left empty is not said at all.
import { Button, Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Schema } from "../../api/catalog";
import { useZone } from "../Time";
import { type Mistakes, within } from "./mistakes";
import { fieldOf, momentOf } from "./moments";
import { placeholderOf, titleOf } from "./schema";

export interface FieldProps {
  schema: Schema;
  /** The member's name, and where it is, as the API names it: `config.headers[0].from`. */
  name: string;
  field: string;
  value: unknown;
  onValue: (value: unknown) => void;
  mistakes: Mistakes;
  readOnly: boolean;
  required?: boolean;
}

/** How the API shows a secret: this, and its last characters. */
const SEALED = "sealed:";

/** Formats of texts that are long. */
const WIDE: ReadonlySet<string> = new Set(["uri", "multiline"]);

const asText = (value: unknown) => (value === undefined || value === null ? "" : String(value));

function shared({ schema, name, field, mistakes, readOnly, required }: FieldProps) {
  return {
    size: "xs" as const,
    label: titleOf(schema, name),
    description: schema.description,
    error: within(mistakes, field),
    disabled: readOnly,
    withAsterisk: required ?? false,
    ...(WIDE.has(schema.format ?? "") ? { className: "wide-field" } : {}),
  };
}

function TextValue(props: FieldProps) {
  const { schema, value, onValue } = props;
  const give = (text: string) => onValue(text === "" ? undefined : text);
  if (schema.format === "multiline") {
    return (
      <Textarea
        {...shared(props)}
        autosize
        minRows={2}
        maxRows={12}
        placeholder={placeholderOf(schema)}
        value={asText(value)}
        onChange={(event) => give(event.currentTarget.value)}
      />
    );
  }
  return (
    <TextInput
      {...shared(props)}
      placeholder={placeholderOf(schema)}
      value={asText(value)}
      onChange={(event) => give(event.currentTarget.value)}
    />
  );
}

/** A secret: of what is stored only its mark is known, which is kept until something is typed. */
function SecretValue(props: FieldProps) {
  const { schema, value, onValue } = props;
  const mark = asText(value).startsWith(SEALED) ? asText(value).slice(SEALED.length) : null;
  return (
    <TextInput
      {...shared(props)}
      autoComplete="off"
      spellCheck={false}
      placeholder={mark === null ? placeholderOf(schema) : `kept as it is: ${mark}`}
      value={mark === null ? asText(value) : ""}
      onChange={(event) => onValue(event.currentTarget.value || undefined)}
    />
  );
}

function NumberValue(props: FieldProps) {
  const { schema, value, onValue } = props;
  // What is no number is sent as it was typed: the server says what is wrong with it.
  const give = (text: string) => {
    const number = Number(text);
    onValue(text.trim() === "" ? undefined : Number.isFinite(number) ? number : text);
  };
  return (
    <TextInput
      {...shared(props)}
      inputMode="numeric"
      placeholder={placeholderOf(schema)}
      value={asText(value)}
      onChange={(event) => give(event.currentTarget.value)}
    />
  );
}

function MomentValue(props: FieldProps) {
  const { value, onValue } = props;
  const [zone] = useZone();
  return (
    <TextInput
      {...shared(props)}
      type="datetime-local"
      step={1}
      value={fieldOf(value === undefined ? undefined : String(value), zone)}
      onChange={(event) => onValue(momentOf(event.currentTarget.value, zone))}
    />
  );
}

function ChoiceValue(props: FieldProps) {
  const { schema, value, onValue, required } = props;
  const byDefault = schema.default === undefined ? "default" : `${schema.default} (default)`;
  const options = (schema.enum ?? []).map((each) => ({ value: each, label: each }));
  return (
    <NativeSelect
      {...shared(props)}
      value={asText(value)}
      onChange={(event) => onValue(event.currentTarget.value || undefined)}
      data={required ? options : [{ value: "", label: byDefault }, ...options]}
    />
  );
}

function FlagValue(props: FieldProps) {
  const { schema, value, onValue } = props;
  const { label, description, error, disabled } = shared(props);
  const byDefault = schema.default === true;
  return (
    <Checkbox
      size="xs"
      {...{ label, description, error, disabled }}
      checked={value === undefined ? byDefault : value === true}
      onChange={(event) => {
        const { checked } = event.currentTarget;
        onValue(checked === byDefault ? undefined : checked);
      }}
    />
  );
}

/** Some of a few words. */
function WordsValue(props: FieldProps) {
  const { schema, name, field, value, onValue, mistakes, readOnly } = props;
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const error = within(mistakes, field);
  return (
    <fieldset className="words">
      <legend>{titleOf(schema, name)}</legend>
      {schema.description && <p className="secondary">{schema.description}</p>}
      <div className="filters">
        {(schema.items?.enum ?? []).map((word) => (
          <Checkbox
            key={word}
            size="xs"
            label={word}
            disabled={readOnly}
            checked={chosen.includes(word)}
            onChange={(event) => {
              const rest = chosen.filter((each) => each !== word);
              const next = event.currentTarget.checked ? [...rest, word] : rest;
              onValue(next.length > 0 ? next : undefined);
            }}
          />
        ))}
      </div>
      {error && <p className="refused">{error}</p>}
    </fieldset>
  );
}

/** Texts, one a line. */
function LinesValue(props: FieldProps) {
  const { schema, value, onValue } = props;
  const [text, setText] = useState((Array.isArray(value) ? value : []).join("\n"));
  return (
    <Textarea
      {...shared(props)}
      description={`${schema.description ?? ""} One a line.`.trim()}
      autosize
      minRows={2}
      maxRows={12}
      placeholder={placeholderOf(schema.items ?? {})}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        const lines = event.currentTarget.value.split("\n").filter((line) => line.trim() !== "");
        onValue(lines.length > 0 ? lines : undefined);
      }}
    />
  );
}

/** Rows of a few fields each. */
function RowsValue(props: FieldProps) {
  const { schema, name, field, value, onValue, mistakes, readOnly } = props;
  const rows = Array.isArray(value) ? value : [];
  const give = (next: unknown[]) => onValue(next.length > 0 ? next : undefined);
  const title = titleOf(schema, name);
  return (
    <fieldset className="rows">
      <legend>{title}</legend>
      {schema.description && <p className="secondary">{schema.description}</p>}
      {rows.map((row, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place.
        <div className="row" key={place}>
          <SchemaField
            schema={{ ...schema.items, title: "", description: "" }}
            name=""
            field={`${field}[${place}]`}
            value={row}
            onValue={(next) => give(rows.map((each, at) => (at === place ? (next ?? {}) : each)))}
            mistakes={mistakes}
            readOnly={readOnly}
          />
          {!readOnly && (
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Take away row ${place + 1} of ${title}`}
              onClick={() => give(rows.filter((_, at) => at !== place))}
            >
              Take away
            </Button>
          )}
        </div>
      ))}
      {!readOnly && (
        <Button variant="default" size="compact-xs" onClick={() => give([...rows, {}])}>
          Add to {title.toLowerCase()}
        </Button>
      )}
    </fieldset>
  );
}

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** The members of an object: those that the schema names, by their own or by a list of names. */
function members(schema: Schema): [string, Schema][] {
  const named = Object.entries(schema.properties ?? {});
  const { additionalProperties: others, propertyNames } = schema;
  if (typeof others !== "object") return named;
  return [...named, ...(propertyNames?.enum ?? []).map((each): [string, Schema] => [each, others])];
}

function Group(props: FieldProps) {
  const { schema, name, field, value, onValue, mistakes, readOnly } = props;
  const object = asObject(value);
  const title = schema.title === "" ? "" : titleOf(schema, name);
  const set = (member: string, inner: unknown) => {
    const next = { ...object, [member]: inner };
    if (inner === undefined) delete next[member];
    onValue(Object.keys(next).length > 0 ? next : undefined);
  };
  return (
    <fieldset className="group" data-plain={title === "" || undefined}>
      {title && <legend>{title}</legend>}
      {schema.description && <p className="secondary">{schema.description}</p>}
      <div className="fields">
        {members(schema).map(([member, inner]) => (
          <SchemaField
            key={member}
            schema={inner}
            name={member}
            field={field === "" ? member : `${field}.${member}`}
            value={object[member]}
            onValue={(next) => set(member, next)}
            mistakes={mistakes}
            readOnly={readOnly}
            required={schema.required?.includes(member) ?? false}
          />
        ))}
      </div>
    </fieldset>
  );
}

export function SchemaField(props: FieldProps) {
  const { type, enum: words, writeOnly, items, format } = props.schema;
  if (type === "object") return <Group {...props} />;
  if (type === "array") {
    if (items?.enum) return <WordsValue {...props} />;
    return items?.type === "object" ? <RowsValue {...props} /> : <LinesValue {...props} />;
  }
  if (words) return <ChoiceValue {...props} />;
  if (writeOnly) return <SecretValue {...props} />;
  if (type === "integer" || type === "number") return <NumberValue {...props} />;
  if (type === "boolean") return <FlagValue {...props} />;
  return format === "date-time" ? <MomentValue {...props} /> : <TextValue {...props} />;
}
