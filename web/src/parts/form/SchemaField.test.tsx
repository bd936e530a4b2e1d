// Fields drawn from a schema: what is left empty is not said, a secret stays until it is typed anew.
import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import type { Schema } from "../../api/catalog";
import { SchemaField } from "./SchemaField";

beforeAll(() => {
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener() {},
    removeEventListener() {},
  }));
});
afterEach(cleanup);

const schema: Schema = {
  type: "object",
  required: ["url"],
  properties: {
    url: { type: "string", title: "URL", examples: ["https://a.test/"] },
    rate: { type: "integer", title: "Rate" },
    order: { type: "string", title: "Order", enum: ["strict", "none"], default: "strict" },
    paused: { type: "boolean", title: "Paused" },
    types: { type: "array", title: "Types", items: { enum: ["track", "page"] } },
    headers: {
      type: "array",
      title: "Headers",
      items: {
        type: "object",
        properties: {
          from: { type: "string", title: "Header" },
          to: { type: "string", title: "Value", writeOnly: true },
        },
      },
    },
    on: {
      type: "object",
      title: "On",
      propertyNames: { enum: ["timeout"] },
      additionalProperties: { type: "string", enum: ["retry", "hold"] },
    },
  },
};

interface FormProps {
  latest: { value: unknown };
  mistakes: [string, string][];
  readOnly: boolean;
}

function Form({ latest, mistakes, readOnly }: FormProps) {
  const [now, setNow] = useState<unknown>(latest.value);
  latest.value = now;
  return (
    <SchemaField
      schema={{ ...schema, title: "" }}
      name=""
      field="config"
      value={now}
      onValue={setNow}
      mistakes={new Map(mistakes)}
      readOnly={readOnly}
    />
  );
}

/** The form with a first value; what it says at last is in `value` of what is answered. */
function shown(value: unknown, mistakes: [string, string][] = [], readOnly = false) {
  const latest = { value };
  render(
    <MantineProvider>
      <Form latest={latest} mistakes={mistakes} readOnly={readOnly} />
    </MantineProvider>,
  );
  return latest;
}

const type = (label: string, value: string) =>
  fireEvent.change(screen.getByLabelText(new RegExp(`^${label}`)), { target: { value } });

it("says what is filled in, with numbers as numbers, and nothing else", () => {
  const latest = shown({});
  type("URL", "https://b.test/");
  type("Rate", "50");
  type("Order", "none");
  fireEvent.click(screen.getByLabelText("Paused"));
  fireEvent.click(screen.getByLabelText("track"));
  type("Timeout", "hold");
  expect(latest.value).toEqual({
    url: "https://b.test/",
    rate: 50,
    order: "none",
    paused: true,
    types: ["track"],
    on: { timeout: "hold" },
  });
  type("Rate", "");
  type("Order", "");
  fireEvent.click(screen.getByLabelText("Paused"));
  fireEvent.click(screen.getByLabelText("track"));
  type("Timeout", "");
  type("Rate", "fast");
  expect(latest.value).toEqual({ url: "https://b.test/", rate: "fast" });
});

it("keeps a stored secret until another one is typed, also when rows move", () => {
  const headers = [
    { from: "X-One", to: "sealed:…" },
    { from: "X-Two", to: "sealed:…abcd" },
  ];
  const latest = shown({ headers });
  fireEvent.click(screen.getByRole("button", { name: "Take away row 1 of Headers" }));
  expect(latest.value).toEqual({ headers: [headers[1]] });
  const field = screen.getByLabelText<HTMLInputElement>("Value");
  expect([field.value, field.placeholder]).toEqual(["", "kept as it is: …abcd"]);
  type("Value", "new");
  expect(latest.value).toEqual({ headers: [{ from: "X-Two", to: "new" }] });
});

it("shows each mistake at its field", () => {
  shown({ headers: [{ from: "X" }] }, [
    ["config.url", "is missing"],
    ["config.headers[0].to", "is empty"],
  ]);
  expect(screen.getByLabelText(/^URL/).getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByText("is missing")).toBeTruthy();
  expect(screen.getByLabelText("Value").getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByLabelText("Header").getAttribute("aria-invalid")).not.toBe("true");
});

it("can be looked at without a right to change", () => {
  shown({ headers: [{ from: "X" }] }, [], true);
  expect(screen.queryByRole("button")).toBeNull();
  for (const field of screen.getAllByRole<HTMLInputElement>("textbox")) {
    expect(field.disabled).toBe(true);
  }
});
