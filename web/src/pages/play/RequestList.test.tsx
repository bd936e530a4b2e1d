// The list is walked by keyboard: one row is in the tab order, and arrow keys go on from there.
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, expect, it, vi } from "vitest";
import type { FeedRow } from "../../live/feed";
import { RequestList } from "./RequestList";

afterEach(cleanup);
// jsdom lays nothing out, so there is nothing to scroll.
Element.prototype.scrollIntoView = vi.fn();

const rows: FeedRow[] = [3, 2, 1].map((number) => ({
  number,
  at: "2026-11-25T10:00:00.000Z",
  method: "POST",
  path: "/play/demo/in",
  query: "",
  headers: [],
  body: "",
  body_bytes: 0,
  truncated: false,
  kind: "track",
  title: `Event ${number}`,
  user: "",
  anonymous: false,
}));

function Stage({ onPause = () => {} }: { onPause?: () => void }) {
  const [selected, setSelected] = useState<number | undefined>();
  return (
    <RequestList
      rows={rows}
      selected={selected}
      onSelect={(row) => setSelected(row?.number)}
      onPause={onPause}
    />
  );
}

const focused = () => document.activeElement?.textContent;

it("has one row in the tab order and moves by arrow keys, j, k, Home and End", async () => {
  const user = userEvent.setup();
  render(<Stage />);
  await user.tab();
  expect(focused()).toBe("Event 3");
  await user.keyboard("{Enter}{ArrowDown}");
  expect(focused()).toBe("Event 2");
  await user.keyboard("j");
  expect(focused()).toBe("Event 1");
  await user.keyboard("{ArrowDown}");
  expect(focused()).toBe("Event 1");
  await user.keyboard("k{Home}");
  expect(focused()).toBe("Event 3");
  await user.keyboard("{End}");
  expect(focused()).toBe("Event 1");
  expect(screen.getAllByRole("button").filter((it) => it.tabIndex === 0)).toHaveLength(1);
});

it("marks the selected row, lets it go with Escape, and pauses with p", async () => {
  const user = userEvent.setup();
  const onPause = vi.fn();
  render(<Stage onPause={onPause} />);
  await user.click(screen.getByText("Event 2"));
  expect(screen.getByRole("button", { current: true }).textContent).toBe("Event 2");
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("button", { current: true })).toBeNull();
  await user.keyboard("p");
  expect(onPause).toHaveBeenCalledOnce();
});
