// The line between list and detail is moved by keys, within bounds, and stays where it was put.
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { clamped, SHARE, Splitter, shareAfter, useSplit } from "./Splitter";

it("keeps to what is allowed", () => {
  expect([0, 24.9, 33.4, 100].map(clamped)).toEqual([25, 25, 33, 75]);
  expect(shareAfter("ArrowLeft", SHARE.min)).toBe(SHARE.min);
  expect(shareAfter("ArrowRight", 50)).toBe(52);
  expect([shareAfter("Home", 50), shareAfter("End", 50)]).toEqual([SHARE.min, SHARE.max]);
  expect(shareAfter("Enter", 70)).toBe(SHARE.start);
  expect(shareAfter("x", 50)).toBeNull();
});

function Page() {
  const { style, ...split } = useSplit();
  return (
    <div data-testid="both" style={style}>
      <Splitter {...split} label="Width of the list" />
    </div>
  );
}

it("is moved by keys, says where it is, and is remembered", () => {
  const first = render(<Page />);
  const line = () => screen.getByRole("separator", { name: "Width of the list" });
  expect(line().getAttribute("aria-valuenow")).toBe("50");
  fireEvent.keyDown(line(), { key: "ArrowRight" });
  fireEvent.keyDown(line(), { key: "ArrowRight" });
  expect(line().getAttribute("aria-valuenow")).toBe("54");
  expect(line().getAttribute("aria-valuetext")).toBe("54 %");
  expect(screen.getByTestId("both").style.getPropertyValue("--list")).toBe("54%");
  first.unmount();
  render(<Page />);
  expect(line().getAttribute("aria-valuenow")).toBe("54");
});
