// What touches very many is confirmed by their number, and what touches none cannot be done.
import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { ConfirmCount, TYPED_FROM } from "./ConfirmCount";

beforeAll(() => {
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener() {},
    removeEventListener() {},
  }));
});
afterEach(cleanup);

function shown(count: number) {
  const confirmed = vi.fn();
  render(
    <MantineProvider>
      <ConfirmCount count={count} caption="Go" pending={false} onConfirm={confirmed} />
    </MantineProvider>,
  );
  return { button: screen.getByRole<HTMLButtonElement>("button", { name: "Go" }), confirmed };
}

it("asks for nothing below the bound", () => {
  const { button, confirmed } = shown(TYPED_FROM - 1);
  fireEvent.click(button);
  expect(confirmed).toHaveBeenCalledOnce();
});

it("asks for the number from the bound on, in any spelling", () => {
  const { button } = shown(12_345);
  const field = screen.getByLabelText("Type 12,345 to confirm");
  expect(button.disabled).toBe(true);
  fireEvent.change(field, { target: { value: "1234" } });
  expect(button.disabled).toBe(true);
  for (const value of ["12345", "12,345", "12.345", "12 345"]) {
    fireEvent.change(field, { target: { value } });
    expect(button.disabled).toBe(false);
  }
});

it("does nothing to nobody", () => {
  expect(shown(0).button.disabled).toBe(true);
});
