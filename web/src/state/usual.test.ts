import { expect, test } from "vitest";
import { usualOf } from "./usual.ts";

const took = (...seconds: (number | null)[]) => ({ stages: seconds.map((duration_seconds, i) => ({ name: ["source", "build"][i] ?? "", duration_seconds })) });

test("a stage usually takes the median of the last successes, and nothing is said of one that never ended", () => {
  expect(usualOf([took(1, 60), took(2, 62), took(9, 600)])).toEqual({ source: 2, build: 62 });
  expect(usualOf([took(1), took(4)])).toEqual({ source: 2.5 });
  expect(usualOf([took(null)])).toEqual({});
});
