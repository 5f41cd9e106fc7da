import { expect, test } from "vitest";
import { foldsOf, markOf } from "./folds.ts";

test("a line that makes a group is known, whatever its colour, and no other line is", () => {
  expect(markOf("::group::Install")).toBe("Install");
  expect(markOf("\x1b[36m::group:: Run tests\x1b[0m")).toBe("Run tests");
  expect(markOf("::endgroup::")).toBeNull();
  expect(markOf("echo ::group::Install")).toBeUndefined();
  expect(markOf("a group:: of words")).toBeUndefined();
});

test("groups go from mark to mark, and the last may be open", () => {
  const marks = new Map<number, string | null>([[20, "three"], [3, "one"], [9, null], [12, "two"], [30, null], [40, "four"]]);
  expect(foldsOf(marks)).toEqual([
    { first: 3, last: 9, title: "one" },
    { first: 12, last: 19, title: "two" },
    { first: 20, last: 30, title: "three" },
    { first: 40, last: null, title: "four" },
  ]);
});
