// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { settled, Wire } from "../testing/lci.ts";
import { live } from "./app.svelte.ts";
import { Tail } from "./tail.svelte.ts";

let wire: Wire;
beforeEach(() => {
  wire = new Wire().plugIn();
  live.start();
});
afterEach(() => {
  live.stop();
  vi.unstubAllGlobals();
});

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
const lineOf = (number: number) => ({ number, timestamp: "", stream: "stdout", stage: "build", text: `line ${number}`, continued: false });

test("only the last lines are asked for and held, each once, and read on from where they are known", async () => {
  wire.on(/logs$/, () => ({ lines: [8, 9, 10].map(lineOf), total: 10, complete: false }));
  const tail = new Tail(7);
  const leave = tail.open();
  await settled();
  expect(wire.asked.map(({ query }) => query.get("tail"))).toEqual(["3"]);
  wire.socket.open();
  expect(wire.socket.sent).toEqual([{ type: "subscribe", target: "build", build_id: 7, batch: true, from_line: 11 }]);
  const lines = Array.from({ length: 500 }, (_, i) => [i + 10, "", "stdout", `line ${i + 10}`] as [number, string, "stdout", string]);
  wire.socket.tell({ type: "log_batch", build_id: 7, lines });
  await frame();
  expect(tail.lines.map(({ number }) => number)).toEqual([507, 508, 509]);
  leave();
  expect(wire.socket.sent.at(-1)).toMatchObject({ type: "unsubscribe", build_id: 7 });
});
