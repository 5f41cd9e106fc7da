// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PAGE } from "../log/model.ts";
import { settled, Wire, type Asked } from "../testing/lci.ts";
import { live } from "./app.svelte.ts";
import { Log } from "./log.svelte.ts";

const NOW = "2026-11-20T11:02:54.123Z";
const TOTAL = 2 * PAGE;
/** lci ends a page early where its lines are long. */
const AT_MOST = 120;

let wire: Wire;
beforeEach(() => {
  wire = new Wire().plugIn();
  wire.on(/logs$/, ({ query }: Asked) => {
    const tail = query.get("tail");
    const first = tail ? TOTAL - 10 + 1 : Number(query.get("from"));
    const count = Math.min(tail ? 10 : Number(query.get("limit")), AT_MOST, TOTAL - first + 1);
    return { lines: Array.from({ length: count }, (_, i) => lineOf(first + i)), total: TOTAL, complete: true };
  });
  wire.on(/logs\/stages$/, () => ({ stages: [] })).on(/logs\/search$/, () => ({ lines: [], total: TOTAL, next_from: null }));
});
afterEach(() => vi.unstubAllGlobals());

const lineOf = (number: number) => ({ number, timestamp: NOW, stream: "stdout", stage: "build", text: `line ${number}`, continued: false });

async function opened(): Promise<Log> {
  const log = new Log(7);
  log.open();
  await settled();
  expect(log.model.total).toBe(TOTAL);
  return log;
}

/** Until no more is asked: a request made again and again does not end. */
async function quiet(): Promise<void> {
  for (let asked = -1; asked !== wire.asked.length; ) {
    expect(wire.asked.length).toBeLessThan(60);
    asked = wire.asked.length;
    await settled();
  }
}

test("a page that comes in parts is asked for from where the last part ended, until it is whole", async () => {
  const log = await opened();
  log.look(1, PAGE);
  await quiet();
  const from = wire.of(/logs$/).map(({ query }) => query.get("from")).slice(1);
  expect(from).toEqual(["1", "121", "241", "361", "481"]);
  expect(log.model.line(PAGE)?.text).toBe(`line ${PAGE}`);
});

test("an answer without a line is not asked for again and again", async () => {
  const log = await opened();
  wire.on(/logs$/, () => ({ lines: [], total: TOTAL, complete: true }));
  log.look(1, 40);
  await quiet();
  expect(wire.of(/logs$/)).toHaveLength(2);
});

test("lines that are copied are those asked for, and no others are waited for", async () => {
  const log = await opened();
  expect(await log.lines(TOTAL - 3, TOTAL)).toEqual([997, 998, 999, 1000].map((number) => `line ${number}`));
  expect(wire.of(/logs$/)).toHaveLength(1);
  const first = PAGE - 2;
  expect(await log.lines(first, first + 129)).toEqual(Array.from({ length: 130 }, (_, i) => `line ${first + i}`));
});

test("a log whose beginning could not be had is asked for again, and not all of it by the live channel", async () => {
  vi.useFakeTimers();
  wire.on(/logs$/, (asked: Asked) => void asked.refuse(503, "SHUTTING_DOWN"));
  const log = new Log(7);
  const leave = log.open();
  await settled();
  expect(log.error?.status).toBe(503);
  wire.on(/logs$/, () => ({ lines: [lineOf(TOTAL)], total: TOTAL, complete: true }));
  await vi.advanceTimersByTimeAsync(5000);
  expect(log.model.total).toBe(TOTAL);
  expect(log.error).toBeNull();
  leave();
  vi.useRealTimers();
});

test("where a stage begins is asked for until it is known: its lines are hidden with the stage before otherwise", async () => {
  vi.useFakeTimers();
  const log = await opened();
  wire.on(/logs\/stages$/, (asked: Asked) => void asked.refuse(503, "SHUTTING_DOWN"));
  log.stageBegun();
  await settled();
  expect(log.error?.status).toBe(503);
  wire.on(/logs\/stages$/, () => ({ stages: [{ stage: "source", first_line: 1 }, { stage: "build", first_line: 4 }] }));
  await vi.advanceTimersByTimeAsync(5000);
  expect(log.model.sectionOf(TOTAL)?.stage).toBe("build");
  expect(log.error).toBeNull();
  vi.useRealTimers();
});

test("however often the connection is cut, and however late a batch is sent again, each line is there once", async () => {
  vi.useFakeTimers();
  wire.on(/logs$/, () => ({ lines: [], total: 0, complete: false }));
  live.start();
  const log = new Log(7);
  const leave = log.open();
  await settled();
  const tell = (first: number, count: number) =>
    wire.socket.tell({ type: "log_batch", build_id: 7, timestamp: NOW, lines: Array.from({ length: count }, (_, i) => [first + i, NOW, "stdout", `line ${first + i}`]) });
  const CUTS = 50;
  for (let cut = 0, told = 0; ; cut++) {
    wire.socket.open();
    const subscribed = wire.socket.sent.find(({ target }) => target === "build");
    // From what lacks on, and nothing twice: but a batch that was under way may come again.
    expect(subscribed?.["from_line"]).toBe(told + 1);
    tell(told + 1, cut % 7);
    tell(Math.max(1, told - 3), Math.min(told, 4));
    told += cut % 7;
    if (cut === CUTS) break;
    wire.socket.close();
    while (wire.sockets.length === cut + 1) await vi.advanceTimersByTimeAsync(100);
  }
  expect(wire.sockets).toHaveLength(CUTS + 1);
  const { total } = log.model;
  expect(total).toBe(Array.from({ length: CUTS + 1 }, (_, cut) => cut % 7).reduce((a, b) => a + b));
  expect(Array.from({ length: total }, (_, i) => log.model.line(i + 1)?.text)).toEqual(Array.from({ length: total }, (_, i) => `line ${i + 1}`));
  leave();
  live.stop();
  vi.useRealTimers();
});
