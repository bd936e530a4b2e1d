// Each mistake is shown once: at its field, or above the form where no field has it.
import { expect, it } from "vitest";
import { Problem, Unreachable } from "../../api/client";
import { elsewhere, mistakesOf, within } from "./mistakes";

const problem = (mistakes: { field: string; detail: string }[]) =>
  new Problem({
    type: "about:blank",
    title: "Unprocessable Entity",
    status: 422,
    detail: "the request has mistakes",
    code: "bad_replay",
    mistakes: mistakes.map((each) => ({ column: null, ...each })),
  });

it("finds a field's mistakes and those inside it, but no namesake's", () => {
  const mistakes = mistakesOf(
    problem([
      { field: "filter.types[0]", detail: "is no type" },
      { field: "filter", detail: "is odd" },
      { field: "filters", detail: "is not known" },
      { field: "rate", detail: "is 0" },
      { field: "rate", detail: "is bad" },
    ]),
  );
  expect(within(mistakes, "rate")).toBe("is 0; is bad");
  expect(within(mistakes, "filter")).toBe(".types[0]: is no type; is odd");
  expect(within(mistakes, "filter.types")).toBe("[0]: is no type");
  expect(within(mistakes, "user")).toBeUndefined();
});

it("tells what no field shows", () => {
  const error = problem([
    { field: "rate", detail: "is 0" },
    { field: "fist", detail: "is not known" },
  ]);
  expect(elsewhere(error, ["rate"])).toEqual(["fist: is not known"]);
  expect(elsewhere(error, ["rate", "fist"])).toEqual([]);
  expect(elsewhere(problem([]), ["rate"])).toEqual(["the request has mistakes"]);
  expect(elsewhere(new Unreachable(null), ["rate"])).toEqual(["The server does not answer."]);
  expect(elsewhere(null, [])).toEqual([]);
});
