import { expect, test } from "vitest";
import { heightOf, ROW, scrollTo, viewAt } from "./geometry.ts";

const VIEW = 600;

test("rows of one height are scrolled to the pixel", () => {
  const count = 200_000;
  const height = heightOf(count);
  expect(height).toBe(count * ROW);
  for (const top of [0, 137, 1_234_567, height - VIEW]) {
    const { anchor, offset } = viewAt(top, height, VIEW, count);
    expect(top + offset - anchor * ROW).toBeCloseTo(0, 4);
  }
});

test("few rows are rendered, and they fill the view", () => {
  const count = 200_000;
  const { first, end, anchor, offset } = viewAt(2_000_000, heightOf(count), VIEW, count);
  expect(end - first).toBeLessThan(60);
  expect((anchor - first) * ROW).toBeGreaterThanOrEqual(offset);
  expect((end - anchor) * ROW).toBeGreaterThanOrEqual(VIEW - offset);
});

test("more rows than a browser can be high are all reached", () => {
  const count = 10_000_000;
  const height = heightOf(count);
  expect(height).toBeLessThan(17_000_000);
  expect(viewAt(0, height, VIEW, count)).toMatchObject({ first: 0, anchor: 0, offset: 0 });
  expect(viewAt(height - VIEW, height, VIEW, count)).toMatchObject({ end: count, anchor: count, offset: VIEW });
});

test.each([100, 200_000, 10_000_000])("a row that is gone to is in view (%i rows)", (count) => {
  const height = heightOf(count);
  for (const index of [0, 1, 57, Math.floor(count / 2), count - 1]) {
    const view = viewAt(scrollTo(index, height, VIEW, count), height, VIEW, count);
    expect(view.first).toBeLessThanOrEqual(index);
    expect(view.end).toBeGreaterThan(index);
    const at = view.offset + (index - view.anchor) * ROW;
    expect(at).toBeGreaterThanOrEqual(-ROW);
    expect(at).toBeLessThanOrEqual(VIEW);
  }
});

test("nothing to scroll is shown from its first row", () => {
  expect(viewAt(0, heightOf(3), VIEW, 3)).toEqual({ first: 0, end: 3, anchor: 0, offset: 0 });
  expect(viewAt(0, 0, VIEW, 0)).toEqual({ first: 0, end: 0, anchor: 0, offset: 0 });
});
