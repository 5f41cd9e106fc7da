// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Wire, type Asked } from "../testing/lci.ts";
import { Find } from "./find.svelte.ts";

/** Every line matches. */
let total: number;
let wire: Wire;
let shown: number[];
let find: Find;
beforeEach(() => {
  vi.useFakeTimers();
  total = 4500;
  wire = new Wire().plugIn().on(/search$/, ({ query }: Asked) => {
    const from = Math.max(1, Number(query.get("from")));
    const count = Math.max(0, Math.min(Number(query.get("limit")), total - from + 1));
    const last = from + count - 1;
    return { lines: Array.from({ length: count }, (_, i) => ({ number: from + i })), total, next_from: count && last < total ? last + 1 : null };
  });
  shown = [];
  find = new Find(7, (line) => shown.push(line));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function search(near: number): Promise<void> {
  find.query = "line";
  find.changed(near);
  await vi.advanceTimersByTimeAsync(250);
}

test("who steps beyond the matches that were brought gets the next ones, and comes round at the last", async () => {
  await search(2000);
  expect([find.matches.length, find.more, shown.at(-1)]).toEqual([2000, true, 2000]);
  await find.step(1);
  expect([find.matches.length, shown.at(-1)]).toEqual([4000, 2001]);
  find.index = find.matches.length - 1;
  await find.step(1);
  expect([find.matches.length, find.more, shown.at(-1)]).toEqual([4500, false, 4001]);
  find.index = find.matches.length - 1;
  await find.step(1);
  expect(shown.at(-1)).toBe(1);
});

test("what is written after a search is searched too, and moves nothing", async () => {
  total = 20;
  await search(5);
  expect([find.matches.length, shown]).toEqual([20, [5]]);
  find.grown(20);
  total = 30;
  find.grown(30);
  find.grown(30);
  await vi.advanceTimersByTimeAsync(1200);
  expect(wire.of(/search$/).map(({ query }) => query.get("from"))).toEqual(["1", "21"]);
  expect([find.matches.length, find.index, shown]).toEqual([30, 4, [5]]);
});

test("an answer to what is not searched for any more is dropped", async () => {
  wire.on(/search$/, () => undefined);
  await search(1);
  const early = wire.asked[0]!;
  find.query = "other";
  find.changed(1);
  early.answer({ lines: [{ number: 9 }], total: 9, next_from: null });
  await vi.advanceTimersByTimeAsync(100);
  expect(find.matches).toEqual([]);
  expect(find.error).toBeNull();
});
