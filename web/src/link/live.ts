/**
 * The one WebSocket of the page: who subscribed to what, and the one reconnect loop there is.
 *
 * After every connect all subscriptions are renewed, a build's from the line after the last it has. Once lci has
 * confirmed a topic, its listeners' `resume` is called: what happened before has to be asked for, and nothing that
 * happens after is missed. No Svelte in here.
 */

import type { ServerMessage, Subscribed, Subscription } from "../wire/generated.ts";
import { Backoff } from "./backoff.ts";

export type Topic =
  | { target: "global" }
  | { target: "project"; project_id: number }
  /** `next` returns the number of the first line that is not known yet. */
  | { target: "build"; build_id: number; next: () => number };

export interface Listener {
  hear(message: ServerMessage): void;
  /** From now on all is heard: ask for what may have been missed. Also called while there is no connection, to poll. */
  resume(): void;
}

export type LinkState = "connecting" | "open" | "waiting";

interface Entry {
  topic: Topic;
  listener: Listener;
  /** Whether lci has confirmed its topic on this connection. */
  confirmed: boolean;
}

/** How long a connect may take before the listeners poll instead. Milliseconds, as all here. */
const PATIENCE = 3000;
const POLL = 3000;
const PONG_PATIENCE = 5000;
/** A connection that was silent for so long is asked whether it is alive. */
const SILENCE = 30_000;

export class Live {
  state: LinkState = "waiting";
  /** Hears of every change of `state`. */
  changed: (state: LinkState) => void = () => undefined;
  /** Hears which version of lci is at the other end, at every connect. */
  greeted: (version: string) => void = () => undefined;

  private readonly entries = new Set<Entry>();
  private readonly backoff = new Backoff();
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private poller: ReturnType<typeof setInterval> | undefined;
  private pong: ReturnType<typeof setTimeout> | undefined;
  private heard = 0;
  private wanted = false;

  constructor(
    private readonly address: string,
    private readonly protocols: () => string[],
  ) {}

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.connect();
    this.poller = setInterval(() => this.lookAfter(), POLL);
  }

  stop(): void {
    this.wanted = false;
    clearTimeout(this.timer);
    clearInterval(this.poller);
    this.drop();
    this.become("waiting");
  }

  /** Listen to a topic; returns what ends it. */
  subscribe(topic: Topic, listener: Listener): () => void {
    const known = this.sharing(topic).find(({ confirmed }) => confirmed);
    const entry = { topic, listener, confirmed: known !== undefined };
    this.entries.add(entry);
    // Who joins a build wants its lines; whatever else is heard by one is heard by all.
    if (this.state === "open" && (topic.target === "build" || !known)) this.send(entry, "subscribe");
    return () => {
      this.entries.delete(entry);
      if (this.state === "open" && this.sharing(topic).length === 0) this.send(entry, "unsubscribe");
    };
  }

  private sharing(topic: Topic): Entry[] {
    return [...this.entries].filter((each) => keyOf(each.topic) === keyOf(topic));
  }

  /** The page is looked at again, or the network is back: a dead connection is found out now, not in a minute. */
  wake(): void {
    if (!this.wanted) return;
    if (this.state === "open") this.ping();
    else if (this.state === "waiting") {
      this.backoff.reset();
      this.connect();
    }
  }

  private ping(): void {
    if (this.pong) return;
    this.pong = setTimeout(() => this.lost(), PONG_PATIENCE);
    this.socket?.send('{"type":"ping"}');
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
    this.heard = Date.now();
    this.become("open");
    const sent = new Set<string>();
    for (const entry of this.entries) {
      // Two that watch one build: from the line that both lack.
      const key = keyOf(entry.topic);
      if (!sent.has(key)) this.send(entry, "subscribe");
      sent.add(key);
    }
  }

  private received(message: ServerMessage): void {
    this.heard = Date.now();
    clearTimeout(this.pong);
    this.pong = undefined;
    this.backoff.reset();
    if (message.type === "connected") this.greeted(message.version);
    if (message.type === "subscribed") this.confirm(message);
    for (const { topic, listener } of [...this.entries]) if (concerns(message, topic)) listener.hear(message);
  }

  private confirm({ target, build_id, project_id }: Subscribed): void {
    const key = `${target} ${build_id ?? project_id ?? ""}`;
    for (const entry of [...this.entries]) {
      if (entry.confirmed || keyOf(entry.topic) !== key) continue;
      entry.confirmed = true;
      entry.listener.resume();
    }
  }

  private lost(): void {
    clearTimeout(this.timer);
    this.drop();
    if (!this.wanted) return;
    this.become("waiting");
    this.timer = setTimeout(() => this.connect(), this.backoff.next());
  }

  private drop(): void {
    clearTimeout(this.pong);
    this.pong = undefined;
    for (const entry of this.entries) entry.confirmed = false;
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** A connection that is silent is asked whether it is there; while there is none, listeners ask instead. */
  private lookAfter(): void {
    if (this.state === "open") {
      if (Date.now() - this.heard >= SILENCE) this.ping();
    } else if (!document.hidden) for (const { listener } of this.entries) listener.resume();
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
    case "system_status":
      return topic.target === "global";
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
