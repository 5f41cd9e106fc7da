// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";
import { settled, Wire, type Asked } from "../testing/lci.ts";
import { RawLog } from "./rawlog.svelte.ts";
import { RuntimeLog } from "./runtimelog.svelte.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a log that grows is read on as text, each line once, whole where it was stored in pieces", async () => {
  const stored = [
    { number: 1, timestamp: "T1", text: "one", continued: false },
    { number: 2, timestamp: "T2", text: "a long ", continued: true },
    { number: 3, timestamp: "T3", text: "line", continued: false },
  ];
  const wire = new Wire().plugIn().on(/logs$/, ({ query }: Asked) => {
    const from = Number(query.get("from"));
    return { lines: stored.slice(from - 1, from + 1), total: stored.length, complete: false };
  });
  const raw = new RawLog(7);
  await raw.readOn();
  expect(raw.chunks.join("")).toBe("T1 one\nT2 a long line\n");
  stored.push({ number: 4, timestamp: "T4", text: "four", continued: false });
  await Promise.all([raw.readOn(), raw.readOn()]);
  expect(raw.chunks.join("")).toBe("T1 one\nT2 a long line\nT4 four\n");
  expect(wire.asked.map(({ query }) => query.get("from"))).toEqual(["1", "3", "4"]);
});

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

test("what a container prints comes as it is printed, and a stream that ends is opened again", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const accepted: (string | null)[] = [];
  vi.stubGlobal("fetch", (_: string, init: RequestInit) => {
    accepted.push(new Headers(init.headers).get("Accept"));
    return Promise.resolve(new Response(new ReadableStream<Uint8Array>({ start: (controller) => void streams.push(controller) })));
  });
  const say = (text: string) => streams.at(-1)!.enqueue(new TextEncoder().encode(text));
  const log = new RuntimeLog(1, 100);
  const leave = log.open();
  await settled();
  say(': \n\ndata: {"text": "listening"}\n\n');
  await vi.waitFor(() => expect(log.lines.map(({ text }) => text)).toEqual(["listening"]));
  say('data: {"text": "GET /"}\n\nevent: complete\ndata: {}\n\n');
  streams[0]!.close();
  await vi.waitFor(() => expect(log.lines.map(({ text }) => text)).toEqual(["listening", "GET /"]));
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(3100);
    expect(streams).toHaveLength(2);
  });
  say('data: {"text": "again"}\n\n');
  await vi.waitFor(() => expect(log.lines.map(({ text }) => text)).toEqual(["again"]));
  expect(new Set(accepted)).toEqual(new Set(["text/event-stream"]));
  leave();
  await frame();
});

test("where something between holds streams back, the lines are asked for", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const wire = new Wire().plugIn();
  const log = new RuntimeLog(1, 100);
  const leave = log.open();
  await settled();
  wire.on(/runtime-logs$/, () => ({ lines: ["asked"] }));
  await vi.advanceTimersByTimeAsync(8000);
  await vi.waitFor(() => expect(log.lines.map(({ text }) => text)).toEqual(["asked"]));
  leave();
});
