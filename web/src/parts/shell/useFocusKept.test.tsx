// The focus goes to what stands nearest where its thing is gone, and comes back to what was disabled.
import { cleanup, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { useFocusKept } from "./useFocusKept";

afterEach(cleanup);

function Page({ children }: { children: ReactNode }) {
  useFocusKept();
  return (
    <main id="main" tabIndex={-1}>
      {children}
    </main>
  );
}

const focused = () => document.activeElement?.id;

function shown(before: ReactNode) {
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
  const { rerender } = render(<Page>{before}</Page>);
  return (after: ReactNode) => rerender(<Page>{after}</Page>);
}

const row = (id: string) => (
  <tr key={id}>
    <td>
      <button type="button" id={id}>
        Remove
      </button>
    </td>
  </tr>
);

const table = (...ids: string[]) => (
  <table>
    <tbody>{ids.map(row)}</tbody>
  </table>
);

it("goes to the next of a list when a row is gone", async () => {
  const show = shown(table("a", "b"));
  document.getElementById("a")?.focus();
  show(table("b"));
  await vi.waitFor(() => expect(focused()).toBe("b"));
});

it("goes to the beginning of the page when another one has come", async () => {
  const show = shown(<section key="1">{table("a")}</section>);
  document.getElementById("a")?.focus();
  show(<section key="2">{table("b")}</section>);
  await vi.waitFor(() => expect(focused()).toBe("main"));
});

it("comes back to what was disabled meanwhile", async () => {
  const button = (disabled: boolean) => (
    <button type="button" id="save" disabled={disabled}>
      Save
    </button>
  );
  const show = shown(button(false));
  const save = document.getElementById("save");
  save?.focus();
  // As browsers do with what is disabled, and jsdom does not.
  save?.blur();
  show(button(true));
  await Promise.resolve();
  expect(document.activeElement).toBe(document.body);
  show(button(false));
  await vi.waitFor(() => expect(focused()).toBe("save"));
});

it("leaves it be where one has clicked on nothing", async () => {
  const show = shown(table("a", "b"));
  document.getElementById("a")?.focus();
  document.body.dispatchEvent(new Event("pointerdown", { bubbles: true }));
  show(table("b"));
  await Promise.resolve();
  expect(document.activeElement).toBe(document.body);
});
