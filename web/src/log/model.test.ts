import { describe, expect, test } from "vitest";
import { HELD, LogModel, PAGE } from "./model.ts";

const NOW = "2026-11-20T11:02:54.123Z";
const filled = (from: number, to: number, model = new LogModel()) => {
  for (let number = from; number <= to; number++) model.put(number, NOW, "stdout", `line ${number}`);
  return model;
};

describe("a log's model", () => {
  test("holds each line once, whoever brings it and how often", () => {
    const model = filled(1, 10);
    model.put(5, NOW, "stdout", "another");
    expect(model.total).toBe(10);
    expect(model.line(5)?.text).toBe("line 5");
    expect(model.line(11)).toBeUndefined();
    expect(model.line(1)?.time).toBe(Date.parse(NOW));
  });

  test("knows where a page begins to lack lines that are looked at, and minds no others", () => {
    const model = filled(3 * PAGE - 10, 3 * PAGE + 5);
    expect(model.missing(1, model.total)).toEqual([1, PAGE + 1, 2 * PAGE + 1]);
    expect(model.missing(3 * PAGE - 10, model.total)).toEqual([]);
    filled(1, 40, model);
    expect(model.missing(1, 40)).toEqual([]);
    expect(model.missing(30, 60)).toEqual([41]);
    filled(1, 3 * PAGE - 11, model);
    expect(model.missing(1, model.total)).toEqual([]);
    model.put(model.total + 2, NOW, "stdout", "behind a gap");
    expect(model.missing(1, model.total)).toEqual([model.total - 1]);
  });

  test("holds so many characters, however few lines they are, and forgets what was longest out of sight", () => {
    const model = new LogModel();
    const long = "x".repeat(HELD / 10);
    for (let page = 0; page < 12; page++) model.put(page * PAGE + 1, NOW, "stdout", long);
    expect(model.line(1)).toBeUndefined();
    expect(model.line(11 * PAGE + 1)?.text).toBe(long);
    expect(model.missing(1, 1)).toEqual([1]);
  });

  test("never forgets what is looked at, so that it is not asked for for ever", () => {
    const model = new LogModel();
    const long = "x".repeat(HELD / 4);
    model.total = 8 * PAGE;
    model.missing(1, 2);
    model.put(1, NOW, "stdout", long);
    for (let page = 1; page < 8; page++) model.put(page * PAGE + 1, NOW, "stdout", long);
    expect(model.line(1)?.text).toBe(long);
  });

  test("learns from live lines where a stage begins", () => {
    const model = new LogModel();
    model.enter("-", 1);
    model.enter("source", 2);
    model.enter("source", 5);
    model.enter("build", 9);
    model.enter("source", 4);
    expect(model.sections).toEqual([{ stage: "source", first: 2 }, { stage: "build", first: 9 }]);
    expect(model.sectionOf(8)?.stage).toBe("source");
    expect(model.sectionOf(1)).toBeUndefined();
  });
});
