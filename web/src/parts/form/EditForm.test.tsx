// An edit is saved on top of the version that was read; where somebody else was first, both are shown.
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { Versioned } from "../../api/catalog";
import { Problem } from "../../api/client";
import { type Me, meQuery } from "../../api/me";
import { EditForm } from "./EditForm";

interface Thing extends Versioned {
  name: string;
  rate?: number;
}

beforeAll(() => {
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener() {},
    removeEventListener() {},
  }));
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
});
afterEach(cleanup);

const save = vi.fn<(draft: Thing, version: number) => Promise<Thing>>();
beforeEach(() => {
  save.mockReset();
});

const thing: Thing = { name: "Orders", rate: 5, version: 3 };

function shown(object: Thing, rights: Me["rights"] = ["view", "edit"]) {
  const client = new QueryClient();
  client.setQueryData(meQuery().queryKey, { name: "ada", role: "editor", auth: "session", rights });
  const form = (now: Thing) => (
    <QueryClientProvider client={client}>
      <MantineProvider>
        <EditForm object={now} fields={["name"]} save={save}>
          {({ draft, set, mistakes, readOnly }) => (
            <label>
              Name
              <input
                value={draft.name}
                disabled={readOnly}
                aria-invalid={mistakes.has("name")}
                onChange={(event) => set({ ...draft, name: event.currentTarget.value })}
              />
            </label>
          )}
        </EditForm>
      </MantineProvider>
    </QueryClientProvider>
  );
  const { rerender } = render(form(object));
  return { again: (now: Thing) => rerender(form(now)) };
}

const field = () => screen.getByLabelText<HTMLInputElement>("Name");
const type = (value: string) => fireEvent.change(field(), { target: { value } });
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

const problem = (status: number, more: object) =>
  new Problem({ type: "", title: "", status, detail: "no", code: "no", ...more });

it("saves what was changed, on top of what was read", async () => {
  save.mockImplementation(async (draft) => ({ ...draft, version: 4 }));
  shown(thing);
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Save" }).disabled).toBe(true);
  type("Mine");
  press("Save");
  await screen.findByText("Saved");
  expect(save).toHaveBeenCalledWith({ ...thing, name: "Mine" }, 3);
});

it("follows what others change while nobody types, and keeps what one has typed", () => {
  const { again } = shown(thing);
  again({ ...thing, name: "Theirs", version: 4 });
  expect(field().value).toBe("Theirs");
  type("Mine");
  again({ ...thing, name: "Later", version: 5 });
  expect(field().value).toBe("Mine");
  screen.getByText("Somebody else has changed it meanwhile; saving shows what.");
  press("Discard");
  expect(field().value).toBe("Later");
});

it("marks the field of a mistake, and tells others above", async () => {
  const mistake = (name: string) => ({ field: name, column: null, detail: "is odd" });
  save.mockRejectedValue(problem(422, { mistakes: [mistake("name"), mistake("config.x")] }));
  shown(thing);
  type("?");
  press("Save");
  await screen.findByText("config.x: is odd");
  expect(field().getAttribute("aria-invalid")).toBe("true");
  expect(field().value).toBe("?");
});

it("shows both where somebody else was first, and saves what is chosen on top of theirs", async () => {
  const theirs = { name: "Theirs", rate: 9, version: 7 };
  save.mockRejectedValueOnce(problem(412, { current: theirs }));
  save.mockImplementation(async (draft) => ({ ...draft, version: 8 }));
  shown(thing);
  type("Mine");
  press("Save");
  await screen.findByText("Somebody else has changed it meanwhile");
  fireEvent.click(screen.getByLabelText(/Yours/));
  press("Save this");
  await waitFor(() => expect(save).toHaveBeenCalledTimes(2));
  expect(save).toHaveBeenLastCalledWith({ name: "Mine", rate: 9 }, 7);
});

it("cannot be changed where a file decides, or without the right", () => {
  shown({ ...thing, managedBy: "file" });
  screen.getByText(/managed by the workspace file/);
  expect([field().disabled, screen.queryByRole("button", { name: "Save" })]).toEqual([true, null]);
  cleanup();
  shown(thing, ["view"]);
  screen.getByText(/takes the role editor/);
  expect(field().disabled).toBe(true);
});
