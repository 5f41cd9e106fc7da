/**
 * The other end of the wire in tests of stores and parts: what `fetch` and `WebSocket` meet instead of a running lci.
 *
 * An answer is given when its test says so: requests wait in `asked` until they are answered.
 */

import { vi } from "vitest";
import type { ServerMessage } from "../wire/generated.ts";

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  /** What was sent along, of JSON. */
  body: unknown;
  /** Answer as lci does, with `data`; later ones are ignored, as by the browser. */
  answer(data: unknown): void;
  refuse(status: number, code: string, message?: string): void;
  /** As if the network were gone. */
  fail(): void;
}

type Handler = (asked: Asked) => unknown;

export class Wire {
  /** All requests so far, answered or not. */
  readonly asked: Asked[] = [];
  readonly sockets: FakeSocket[] = [];
  private readonly handlers: [RegExp, Handler][] = [];

  /** Put this at the other end until `vi.unstubAllGlobals()`. */
  plugIn(): this {
    vi.stubGlobal("fetch", (address: string, init: RequestInit = {}) => this.receive(address, init));
    const sockets = this.sockets;
    vi.stubGlobal(
      "WebSocket",
      class extends FakeSocket {
        constructor() {
          super();
          sockets.push(this);
        }
      },
    );
    return this;
  }

  /** Answer what is asked of `METHOD /path` at once, with what `handler` returns. Later ones come first. */
  on(call: RegExp, handler: Handler): this {
    this.handlers.unshift([call, handler]);
    return this;
  }

  /** The requests of `METHOD /path` so far. */
  of(call: RegExp): Asked[] {
    return this.asked.filter((each) => call.test(`${each.method} ${each.path}`));
  }

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error("no WebSocket was opened");
    return last;
  }

  private receive(address: string, init: RequestInit): Promise<Response> {
    const url = new URL(address, "http://lci");
    return new Promise((resolve, reject) => {
      const respond = (status: number, body: unknown) => resolve(new Response(JSON.stringify(body), { status }));
      const asked: Asked = {
        method: init.method ?? "GET",
        path: url.pathname,
        query: url.searchParams,
        body: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
        answer: (data) => respond(200, { success: true, data }),
        refuse: (status, code, message = code) => respond(status, { success: false, error: { code, message, details: {} } }),
        fail: () => reject(new TypeError("Failed to fetch")),
      };
      init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      this.asked.push(asked);
      const handler = this.handlers.find(([call]) => call.test(`${asked.method} ${asked.path}`))?.[1];
      const data = handler?.(asked);
      if (data !== undefined) asked.answer(data);
    });
  }
}

export class FakeSocket {
  readonly sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.onclose?.();
  }

  tell(message: Partial<ServerMessage> & { type: string }): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** Open it, and confirm what is subscribed to, as lci does. */
  open(): void {
    this.onopen?.();
    for (const { type, ...topic } of this.sent) if (type === "subscribe") this.tell({ ...topic, type: "subscribed" });
  }
}

/** Let everything that waits for nothing but its turn come to an end. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
