/** Calls of the HTTP API, typed by its own description. No Svelte in here. */

import type { Calls, ErrorCode } from "../wire/generated.ts";

/** Before a read is tried again, each time. Milliseconds. */
const PAUSES = [250, 500, 1000];

type Call = keyof Calls;
type Given<C extends Call> = {
  path?: Record<string, string | number>;
  query?: Calls[C]["query"];
  body?: Calls[C]["body"];
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

/** lci refused, failed, or (code `UNREACHABLE`) did not answer. `message` is a sentence that a person can act on. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: ErrorCode | "UNREACHABLE",
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly requestId: string = "",
  ) {
    super(message);
  }

  /** The field that was not valid, "" where the error is of none. */
  get field(): string {
    return typeof this.details["field"] === "string" ? this.details["field"] : "";
  }
}

export class Api {
  /**
   * @param who returns those that say who asks. @param refused hears of every 401. @param reached hears of every request
   * whether it was answered.
   */
  constructor(
    private readonly who: () => Record<string, string>,
    private readonly refused: () => void,
    private readonly reached: (answered: boolean) => void = () => undefined,
  ) {}

  async call<C extends Call>(call: C, given: Given<C> = {}): Promise<Calls[C]["answer"]> {
    const [method = "GET", template = ""] = call.split(" ");
    const body = method === "GET" ? undefined : JSON.stringify(given.body ?? {});
    const response = await this.fetch(addressOf(template, given.path, given.query), {
      method,
      headers: { Accept: "application/json", ...(body ? { "Content-Type": "application/json" } : {}), ...given.headers },
      ...(body === undefined ? {} : { body }),
      ...(given.signal ? { signal: given.signal } : {}),
    });
    return (await response.json()).data;
  }

  /** Fetch what is not JSON: a log, a kept file. */
  async fetch(address: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string>), ...this.who() };
    const isRead = !init.method || init.method === "GET";
    const response = await sent(() => fetch(address, { ...init, headers, cache: "no-store" }), isRead).catch((error: unknown) => {
      if (error instanceof ApiError) this.reached(false);
      throw error;
    });
    this.reached(true);
    if (response.ok) return response;
    const error = await errorOf(response);
    if (error.status === 401) this.refused();
    throw error;
  }
}

/**
 * Send a request. Reading is tried a few times: a browser drops every request when a network comes or goes, and on the
 * host that builds run on, each container brings one, which comes up in several steps.
 */
async function sent(request: () => Promise<Response>, isRead: boolean): Promise<Response> {
  const pauses = isRead ? [...PAUSES] : [];
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      const pause = pauses.shift();
      if (pause === undefined) throw new ApiError(0, "UNREACHABLE", "lci does not answer.");
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

export function addressOf(template: string, path: Given<Call>["path"], query: object | undefined): string {
  const address = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path?.[name] ?? "")));
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `${address}?${new URLSearchParams(given.map(([k, v]) => [k, String(v)]))}` : address;
}

async function errorOf(response: Response): Promise<ApiError> {
  const id = response.headers.get("X-Request-Id") ?? "";
  try {
    const { error } = await response.json();
    return new ApiError(response.status, error.code, error.message, error.details, id);
  } catch {
    return new ApiError(response.status, "UNREACHABLE", `The answer (${response.status}) was not lci's.`, {}, id);
  }
}
