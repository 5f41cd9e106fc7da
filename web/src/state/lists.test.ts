import { expect, test } from "vitest";
import { extended, renewed } from "./lists.ts";

const of = (...ids: number[]) => ids.map((id) => ({ id }));

test("what is read on stays where the head of a list comes anew, and what is gone goes", () => {
  expect(renewed(of(9, 8, 7), of(8, 7, 6, 5, 4), 20)).toEqual(of(9, 8, 7, 6, 5, 4));
  expect(renewed(of(9, 7), of(8, 7, 6), 20)).toEqual(of(9, 7, 6));
  expect(renewed(of(9, 8), of(8, 7, 6), 2)).toEqual(of(9, 8));
  expect(renewed([], of(8, 7), 0)).toEqual([]);
});

test("a page of older entries repeats none", () => {
  expect(extended(of(9, 8, 7), of(7, 6, 5))).toEqual(of(9, 8, 7, 6, 5));
});
