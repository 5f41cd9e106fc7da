/**
 * The one WebSocket of the page: who subscribed to what, and the one reconnect loop there is.
 *
 * After every connect all subscriptions are renewed, a build's from the line after the last it has, and every
 * listener's `resume` is called: what happened in between has to be asked for. No Svelte in here.
 */

import type { ServerMessage, Subscription } from "../wire/generated.ts";
import { Backoff } from "./backoff.ts";

export type Topic =
  | { target: "global" }
  | { target: "project"; project_id: number }
  /** `next` returns the number of the first line that is not known yet. */
  | { target: "build"; build_id: number; next: () => number };

export interface Listener {
  hear(message: ServerMessage): void;
  /** The connection is there (again): ask for what may have been missed. Also called while it is blocked, to poll. */
  resume(): void;
}

export type LinkState = "connecting" | "open" | "waiting";

interface Entry {
  topic: Topic;
  listener: Listener;
}

/** How long a connect may take before the listeners poll instead. Milliseconds, as all here. */
const PATIENCE = 3000;
const POLL = 3000;
const PONG_PATIENCE = 5000;

export class Live {
  state: LinkState = "waiting";
  /** Hears of every change of `state`. */
  changed: (state: LinkState) => void = () => undefined;

  private readonly entries = new Set<Entry>();
  private readonly backoff = new Backoff();
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private poller: ReturnType<typeof setInterval> | undefined;
  private pong: ReturnType<typeof setTimeout> | undefined;
  private wanted = false;

  constructor(
    private readonly address: string,
    private readonly protocols: () => string[],
  ) {}

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.connect();
    this.poller = setInterval(() => this.pollWhileBlocked(), POLL);
  }

  stop(): void {
    this.wanted = false;
    clearTimeout(this.timer);
    clearTimeout(this.pong);
    clearInterval(this.poller);
    this.drop();
    this.become("waiting");
  }

  /** Listen to a topic; returns what ends it. */
  subscribe(topic: Topic, listener: Listener): () => void {
    const entry = { topic, listener };
    this.entries.add(entry);
    if (this.state === "open") this.send(entry, "subscribe");
    return () => {
      this.entries.delete(entry);
      const shared = [...this.entries].some((each) => keyOf(each.topic) === keyOf(topic));
      if (this.state === "open" && !shared) this.send(entry, "unsubscribe");
    };
  }

  /** The page is looked at again, or the network is back: a dead connection is found out now, not in a minute. */
  wake(): void {
    if (!this.wanted) return;
    if (this.state === "open") {
      clearTimeout(this.pong);
      this.pong = setTimeout(() => this.lost(), PONG_PATIENCE);
      this.socket?.send('{"type":"ping"}');
    } else if (this.state === "waiting") {
      this.backoff.reset();
      this.connect();
    }
  }

  private connect(): void {
    clearTimeout(this.timer);
    this.drop();
    this.become("connecting");
    const socket = new WebSocket(this.address, this.protocols());
    this.socket = socket;
    socket.onopen = () => this.opened();
    socket.onmessage = (message) => this.received(JSON.parse(String(message.data)) as ServerMessage);
    socket.onclose = () => this.lost();
    this.timer = setTimeout(() => this.lost(), 4 * PATIENCE);
  }

  private opened(): void {
    clearTimeout(this.timer);
    this.become("open");
    const sent = new Set<string>();
    for (const entry of this.entries) {
      // Two that watch one build: from the line that both lack.
      const key = keyOf(entry.topic);
      if (!sent.has(key)) this.send(entry, "subscribe");
      sent.add(key);
    }
    for (const { listener } of this.entries) listener.resume();
  }

  private received(message: ServerMessage): void {
    clearTimeout(this.pong);
    this.backoff.reset();
    for (const { topic, listener } of [...this.entries]) if (concerns(message, topic)) listener.hear(message);
  }

  private lost(): void {
    clearTimeout(this.timer);
    clearTimeout(this.pong);
    this.drop();
    if (!this.wanted) return;
    this.become("waiting");
    this.timer = setTimeout(() => this.connect(), this.backoff.next());
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private pollWhileBlocked(): void {
    if (this.state === "open" || document.hidden) return;
    for (const { listener } of this.entries) listener.resume();
  }

  private become(state: LinkState): void {
    if (this.state === state) return;
    this.state = state;
    this.changed(state);
  }

  private send({ topic }: Entry, type: Subscription["type"]): void {
    const message: Subscription = { type, target: topic.target };
    if (topic.target === "project") message.project_id = topic.project_id;
    if (topic.target === "build") {
      message.build_id = topic.build_id;
      if (type === "subscribe") Object.assign(message, { batch: true, from_line: this.firstWanted(topic.build_id) });
    }
    this.socket?.send(JSON.stringify(message));
  }

  private firstWanted(build: number): number {
    const wanted = [...this.entries].flatMap(({ topic }) =>
      topic.target === "build" && topic.build_id === build ? [topic.next()] : [],
    );
    return Math.min(...wanted);
  }
}

function keyOf(topic: Topic): string {
  return `${topic.target} ${topic.target === "build" ? topic.build_id : topic.target === "project" ? topic.project_id : ""}`;
}

/** Whether a topic's listeners hear of a message; lci sends each once, whatever the number of subscriptions. */
export function concerns(message: ServerMessage, topic: Topic): boolean {
  switch (message.type) {
    case "connected":
    case "pong":
    case "unsubscribed":
      return false;
    case "log":
    case "log_batch":
    case "lagged":
      return topic.target === "build" && topic.build_id === message.build_id;
    case "subscribed":
      return topic.target === "build" && topic.build_id === message.build_id;
    case "build_status":
    case "health_check":
    case "deployment":
    case "error":
      if (topic.target === "build") return topic.build_id === message.build_id;
      return topic.target === "global" || topic.project_id === message.project_id;
    case "container_status":
      return topic.target === "global" || (topic.target === "project" && topic.project_id === message.project_id);
    default:
      return unknown(message);
  }
}

/** A message of a newer lci: the page will be told to load itself anew, and until then does without. */
function unknown(_: never): false {
  return false;
}
