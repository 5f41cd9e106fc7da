import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServerMessage } from "../wire/generated.ts";
import { Backoff } from "./backoff.ts";
import { Live, type Listener } from "./live.ts";

/** The other end of a WebSocket: what was sent to it, and a hand to answer or cut with. */
class Socket {
  static all: Socket[] = [];
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;

  constructor(
    readonly address: string,
    readonly protocols: string[],
  ) {
    Socket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.onclose?.();
  }
  tell(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  static get last(): Socket {
    return Socket.all.at(-1)!;
  }
}

class Ear implements Listener {
  heard: ServerMessage[] = [];
  resumed = 0;
  hear(message: ServerMessage): void {
    this.heard.push(message);
  }
  resume(): void {
    this.resumed += 1;
  }
}

let live: Live;
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Socket);
  vi.stubGlobal("document", { hidden: false });
  Socket.all = [];
  live = new Live("ws://lci/ws", () => ["lci", "lci.token.x"]);
  live.start();
});
afterEach(() => {
  live.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what is wanted is asked for at every connect, a build's log from the line that lacks", () => {
  const ear = new Ear();
  let next = 1;
  live.subscribe({ target: "build", build_id: 7, next: () => next }, ear);
  Socket.last.onopen?.();
  expect(Socket.last.protocols).toEqual(["lci", "lci.token.x"]);
  expect(Socket.last.sent).toEqual([{ type: "subscribe", target: "build", build_id: 7, batch: true, from_line: 1 }]);
  next = 41;
  Socket.last.close();
  expect(live.state).toBe("waiting");
  vi.advanceTimersByTime(600);
  Socket.last.onopen?.();
  expect(Socket.all).toHaveLength(2);
  expect(Socket.last.sent[0]).toMatchObject({ from_line: 41 });
  expect(ear.resumed).toBe(0);
});

test("a listener asks for what it missed once its topic is confirmed, for only then is nothing missed any more", () => {
  const [ear, late] = [new Ear(), new Ear()];
  live.subscribe({ target: "global" }, ear);
  Socket.last.onopen?.();
  Socket.last.tell({ type: "subscribed", target: "global", current_status: null });
  expect(ear.resumed).toBe(1);
  live.subscribe({ target: "global" }, late);
  expect(Socket.last.sent).toHaveLength(1);
  live.subscribe({ target: "project", project_id: 3 }, late);
  Socket.last.tell({ type: "subscribed", target: "project", project_id: 3, current_status: "Blue" });
  expect([ear.resumed, late.resumed]).toEqual([1, 1]);
  Socket.last.close();
  vi.advanceTimersByTime(600);
  Socket.last.onopen?.();
  Socket.last.tell({ type: "subscribed", target: "global", current_status: null });
  expect([ear.resumed, late.resumed]).toEqual([2, 2]);
});

test("a connection that says nothing is asked whether it is alive, and given up when it does not answer", () => {
  Socket.last.onopen?.();
  vi.advanceTimersByTime(29_000);
  expect(Socket.last.sent).toEqual([]);
  vi.advanceTimersByTime(2000);
  expect(Socket.last.sent).toEqual([{ type: "ping" }]);
  Socket.last.tell({ type: "pong" });
  vi.advanceTimersByTime(20_000);
  expect(live.state).toBe("open");
  vi.advanceTimersByTime(20_000);
  expect(live.state).not.toBe("open");
});

test("who is at the other end is told at every connect", () => {
  const versions: string[] = [];
  live.greeted = (version) => versions.push(version);
  Socket.last.tell({ type: "connected", connection_id: "x", version: "1.2.3" });
  expect(versions).toEqual(["1.2.3"]);
});

test("a message is heard by those whom it concerns, once", () => {
  const [global, project, build, other] = [new Ear(), new Ear(), new Ear(), new Ear()];
  live.subscribe({ target: "global" }, global);
  live.subscribe({ target: "project", project_id: 1 }, project);
  live.subscribe({ target: "build", build_id: 7, next: () => 1 }, build);
  live.subscribe({ target: "build", build_id: 8, next: () => 1 }, other);
  Socket.last.onopen?.();
  Socket.last.tell({ type: "build_status", build_id: 7, project_id: 1, status: "Success" });
  Socket.last.tell({ type: "log_batch", build_id: 7, stage: "build", lines: [] });
  Socket.last.tell({ type: "container_status", project_id: 1 });
  Socket.last.tell({ type: "something of a newer lci" });
  const kinds = (ear: Ear) => ear.heard.map((message) => message.type);
  expect(kinds(global)).toEqual(["build_status", "container_status"]);
  expect(kinds(project)).toEqual(["build_status", "container_status"]);
  expect(kinds(build)).toEqual(["build_status", "log_batch"]);
  expect(kinds(other)).toEqual([]);
});

test("a topic is given up when its last listener leaves", () => {
  const leave = [new Ear(), new Ear()].map((ear) => live.subscribe({ target: "global" }, ear));
  Socket.last.onopen?.();
  expect(Socket.last.sent).toHaveLength(1);
  leave[0]?.();
  expect(Socket.last.sent).toHaveLength(1);
  leave[1]?.();
  expect(Socket.last.sent.at(-1)).toEqual({ type: "unsubscribe", target: "global" });
});

test("while the channel is blocked, listeners ask every few seconds", () => {
  const ear = new Ear();
  live.subscribe({ target: "global" }, ear);
  vi.advanceTimersByTime(9500);
  expect(ear.resumed).toBe(3);
  vi.advanceTimersByTime(4000);
  expect(Socket.all.length).toBeGreaterThan(1);
});

test("a connection that is dead is found out when the page is looked at", () => {
  Socket.last.onopen?.();
  live.wake();
  expect(Socket.last.sent).toEqual([{ type: "ping" }]);
  Socket.last.tell({ type: "pong" });
  vi.advanceTimersByTime(6000);
  expect(live.state).toBe("open");
  live.wake();
  vi.advanceTimersByTime(6000);
  expect(Socket.all.length).toBe(2);
});

test("tries to connect grow apart, up to a bound, and not in step", () => {
  const waits = (random: number) => {
    const backoff = new Backoff(() => random);
    return Array.from({ length: 8 }, () => backoff.next());
  };
  expect(waits(1)).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  expect(waits(0)[0]).toBe(250);
  const backoff = new Backoff(() => 1);
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(500);
});
