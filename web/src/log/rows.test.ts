import { expect, test } from "vitest";
import { Rows } from "./rows.ts";

const SECTIONS = [{ stage: "source", first: 3 }, { stage: "build", first: 5 }, { stage: "deploy", first: 9 }];
const shown = (rows: Rows) =>
  Array.from({ length: rows.count }, (_, i) => {
    const row = rows.at(i);
    return row?.kind === "line" ? row.number : row?.stage;
  });

test("every line is a row, and every stage has a head", () => {
  const rows = new Rows(10, SECTIONS, new Set());
  expect(shown(rows)).toEqual([1, 2, "source", 3, 4, "build", 5, 6, 7, 8, "deploy", 9, 10]);
  expect(rows.at(rows.count)).toBeUndefined();
});

test("a closed stage is its head alone", () => {
  const rows = new Rows(10, SECTIONS, new Set(["build"]));
  expect(shown(rows)).toEqual([1, 2, "source", 3, 4, "build", "deploy", 9, 10]);
  expect(rows.indexOf(7)).toBe(5);
  expect(rows.at(5)).toMatchObject({ stage: "build", lines: 4, open: false });
});

test("a line's index leads back to it", () => {
  const rows = new Rows(10, SECTIONS, new Set());
  for (let number = 1; number <= 10; number++) expect(rows.at(rows.indexOf(number))).toEqual({ kind: "line", number });
});

test("a stage that has written nothing yet is a head", () => {
  expect(shown(new Rows(8, SECTIONS, new Set()))).toEqual([1, 2, "source", 3, 4, "build", 5, 6, 7, 8, "deploy"]);
  expect(shown(new Rows(0, [], new Set()))).toEqual([]);
});
