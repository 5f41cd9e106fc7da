/** What there is one of: the session, the API, the live link, the clock. */

import { Api, ApiError } from "../link/api.ts";
import { Live, type LinkState } from "../link/live.ts";
import { Session } from "../link/session.ts";
import type { MeDocument, Scope } from "../wire/generated.ts";
import { allows, allowsForAll } from "./rights.ts";

export const session = new Session(sessionStorage, localStorage);
const socketAddress = `${location.origin.replace(/^http/, "ws")}/ws`;
export const live = new Live(socketAddress, () => session.protocols());

/** How one can sign in, as a 401 of `GET /api/me` tells. */
export interface Ways {
  password?: boolean;
  github?: boolean;
  set_up?: boolean;
}

class App {
  signedIn = $state(session.token !== null);
  /** Whether it is known by now if a person is signed in; nothing is shown before. */
  known = $state(session.token !== null);
  ways = $state.raw<Ways>({});
  /** Who is signed in, and what that may do; null until lci has told. */
  me = $state.raw<MeDocument | null>(null);
  link = $state<LinkState>("waiting");
  /** Whether the last request was answered. */
  reached = $state(true);
  /** Whether lci is of another version by now than it was when this page was loaded. */
  updated = $state(false);
  /** Milliseconds since 1970, as of the last tick; what shows an age or a duration reads this. */
  now = $state(Date.now());
}
export const app = new App();

export const api = new Api(
  () => session.headers(),
  () => left(),
  (answered) => (app.reached = answered),
);

/** Milliseconds before what lci did not answer is asked again. */
const ASK_AGAIN = 3000;

// Roles change while a page is open, and every connect is a new look at who asks.
live.changed = (state) => {
  app.link = state;
  if (state === "open") void renewMe();
};

/** Whether whoever is signed in may do this: what lci would refuse is not offered. */
export const may = (needed: Scope): boolean => allows(app.me, needed);
export const mayForAll = (needed: Scope): boolean => allowsForAll(app.me, needed);

/** Ask anew who is signed in; what is known stays where lci does not answer, and it is asked again. */
export async function renewMe(): Promise<void> {
  const asker = session.token;
  const me = await api.call("GET /api/me").catch(() => null);
  if (me && asker === session.token) app.me = me;
  else if (!me && app.signedIn) setTimeout(() => void renewMe(), ASK_AGAIN);
}

let loadedFrom = "";
live.greeted = (version) => {
  loadedFrom ||= version;
  app.updated = version !== loadedFrom;
};

// Where it is only asked who is signed in, a 401 is an answer.
const asking = new Api(
  () => session.headers(),
  () => undefined,
);

/** Check a token, and keep it where lci knows it. Throws ApiError otherwise. */
export async function signInByToken(token: string, stay: boolean): Promise<void> {
  const asked = new Api(
    () => ({ Authorization: `Bearer ${token}` }),
    () => undefined,
  );
  const me = await asked.call("GET /api/me");
  session.signIn(token, stay);
  entered(me);
}

/** Sign a person in. Throws ApiError. */
export async function signInByPassword(name: string, password: string): Promise<void> {
  const me = await asking.call("POST /api/sign-in", { body: { name, password } });
  beginAs(me);
}

/** Make the first administrator by the set-up link's secret. Throws ApiError. */
export async function setUp(token: string, name: string, password: string): Promise<void> {
  const me = await asking.call("POST /api/set-up", { body: { token, name, password } });
  beginAs(me);
}

export async function signOut(): Promise<void> {
  try {
    if (session.personal) await asking.call("POST /api/me/sign-out");
  } finally {
    left();
  }
}

/** Find out whether the browser's cookie is somebody's session, and how one can sign in otherwise. */
async function findOut(): Promise<void> {
  try {
    beginAs(await asking.call("GET /api/me"));
  } catch (thrown) {
    app.ways = (asError(thrown).details["sign_in"] as Ways | undefined) ?? {};
  }
  app.known = true;
}

/** A person's session began, or began anew: from now on this page asks by it. */
export function beginAs(me: MeDocument): void {
  session.begin(me.csrf_token ?? "");
  entered(me);
}

function entered(me: MeDocument): void {
  app.me = me;
  app.known = true;
  app.signedIn = true;
  live.start();
}

function left(): void {
  live.stop();
  session.signOut();
  app.me = null;
  app.signedIn = false;
  void findOut();
}

export function start(): void {
  if (app.signedIn) {
    live.start();
    void renewMe();
  } else void findOut();
  setInterval(() => (app.now = Date.now()), 1000);
  document.addEventListener("visibilitychange", () => document.hidden || live.wake());
  addEventListener("online", () => live.wake());
}

/** Anything thrown, as an error to show. */
export function asError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, "UNREACHABLE", error instanceof Error ? error.message : String(error));
}
