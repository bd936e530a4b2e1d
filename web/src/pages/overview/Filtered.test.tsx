// What was filtered is a number with its reasons below, and in full words on hovering.
import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { FilteredCounts } from "../../api/status";
import { Filtered } from "./Filtered";

afterEach(cleanup);

function cell(counts: FilteredCounts) {
  const { container } = render(
    <table>
      <tbody>
        <tr>
          <Filtered counts={counts} />
        </tr>
      </tbody>
    </table>,
  );
  const td = container.querySelector("td");
  return { text: td?.textContent, title: td?.querySelector("[title]")?.getAttribute("title") };
}

it("shows nothing but a zero where nothing was filtered", () => {
  expect(cell({ total: 0, by_reason: [] })).toEqual({ text: "0", title: "0" });
});

it("names each reason, also one it does not know", () => {
  const by_reason = [
    { reason: "filtered_condition", sentence: "The event does not meet it.", count: 1_200 },
    { reason: "of_later", sentence: "", count: 4 },
  ];
  expect(cell({ total: 1_204, by_reason })).toEqual({
    text: "1,204condition 1,200of_later 4",
    title: "1,204\n1,200: The event does not meet it.\n4: of_later",
  });
});
