import { expect, test } from "vitest";
import { Rows } from "./rows.ts";

const SECTIONS = [{ stage: "source", first: 3 }, { stage: "build", first: 5 }, { stage: "deploy", first: 9 }];
const shown = (rows: Rows) =>
  Array.from({ length: rows.count }, (_, i) => {
    const row = rows.at(i);
    return row?.kind === "stage" ? row.stage : row?.kind === "gap" ? "" : row?.number;
  });

test("every line is a row, and every stage has a head", () => {
  const rows = new Rows(10, SECTIONS, new Set());
  expect(shown(rows)).toEqual([1, 2, "source", 3, 4, "build", 5, 6, 7, 8, "deploy", 9, 10]);
  expect(rows.at(rows.count)).toBeUndefined();
});

test("a closed stage is its head alone", () => {
  const rows = new Rows(10, SECTIONS, new Set(["build"]));
  expect(shown(rows)).toEqual([1, 2, "source", 3, 4, "build", "", "deploy", 9, 10]);
  expect(rows.indexOf(7)).toBe(5);
  expect(rows.at(5)).toMatchObject({ stage: "build", lines: 4, open: false });
});

test("a line's index leads back to it", () => {
  const rows = new Rows(10, SECTIONS, new Set());
  for (let number = 1; number <= 10; number++) expect(rows.at(rows.indexOf(number))).toEqual({ kind: "line", number });
});

test("a stage that has written nothing yet is a head", () => {
  expect(shown(new Rows(8, SECTIONS, new Set()))).toEqual([1, 2, "source", 3, 4, "build", 5, 6, 7, 8, "deploy", ""]);
  expect(shown(new Rows(0, [], new Set()))).toEqual([]);
});

test("a group is headed by the line that began it, and hides its lines where it is closed", () => {
  const folds = [{ first: 5, last: 7, title: "Install" }, { first: 10, last: null, title: "Test" }];
  const titled = (rows: Rows) =>
    Array.from({ length: rows.count }, (_, i) => {
      const row = rows.at(i);
      return row?.kind === "line" ? row.number : row?.kind === "group" ? row.title : row?.kind === "stage" ? row.stage : "";
    });
  expect(titled(new Rows(12, SECTIONS, new Set(), folds))).toEqual([1, 2, "source", 3, 4, "build", "Install", 6, 7, 8, "deploy", 9, "Test", 11, 12]);
  const rows = new Rows(12, SECTIONS, new Set(["source"]), folds, new Set([5, 10]));
  expect(titled(rows)).toEqual([1, 2, "source", "", "build", "Install", "", 8, "deploy", 9, "Test", ""]);
  expect([3, 6, 8, 12].map((number) => rows.indexOf(number))).toEqual([2, 5, 7, 10]);
  expect(rows.at(5)).toMatchObject({ kind: "group", number: 5, lines: 2, open: false });
  expect(titled(new Rows(12, SECTIONS, new Set(["build"]), folds))).toEqual([1, 2, "source", 3, 4, "build", "", "deploy", 9, "Test", 11, 12]);
});

test("rows are found quickly among thousands of groups", () => {
  const folds = Array.from({ length: 20_000 }, (_, i) => ({ first: i * 10 + 1, last: i * 10 + 9, title: `${i}` }));
  const rows = new Rows(200_000, [], new Set(), folds, new Set(folds.map(({ first }) => first)));
  expect(rows.count).toBe(60_000);
  for (let number = 10; number <= 200_000; number += 10) expect(rows.at(rows.indexOf(number))).toEqual({ kind: "line", number });
});
