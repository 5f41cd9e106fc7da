/** Where in the dashboard one is. Addresses are the browser's own: history, reload, a new tab and a link all work. */

import { pageOf } from "../routes.ts";

class Place {
  path = $state(location.pathname);
  /** With its question mark. */
  search = $state(location.search);
  hash = $state(location.hash);
  page = $derived(pageOf(this.path));
}
export const place = new Place();

/** Told where one wants to go, says whether one may; null while anybody may go anywhere. */
type MayLeave = (address: string) => boolean;
let mayLeave: MayLeave | null = null;

/** Have it asked whether this place may be left, until the returned function is called. */
export function guard(asked: MayLeave): () => void {
  mayLeave = asked;
  addEventListener("beforeunload", holdBack);
  return () => {
    if (mayLeave === asked) mayLeave = null;
    removeEventListener("beforeunload", holdBack);
  };
}

// The browser itself asks, in its own words.
const holdBack = (event: BeforeUnloadEvent) => event.preventDefault();

/** Go to an address of the dashboard. `ask` false: what is not saved there is given up. */
export function go(address: string, { replace = false, ask = true } = {}): void {
  if (ask && mayLeave && !mayLeave(address)) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  read();
  if (!replace) scrollTo(0, 0);
}

/** Change the part after `#` without a new entry in the history. */
export function setHash(hash: string): void {
  history.replaceState(null, "", `${location.pathname}${location.search}${hash}`);
  place.hash = hash;
}

function read(): void {
  place.path = location.pathname;
  place.search = location.search;
  place.hash = location.hash;
}

/** The way back and forth cannot be barred, only gone again. */
function popped(): void {
  const left = location.pathname !== place.path;
  if (left && mayLeave && !mayLeave(location.pathname + location.hash)) history.pushState(null, "", place.path + place.hash);
  else read();
}

export function start(): void {
  addEventListener("popstate", popped);
  addEventListener("hashchange", read);
  document.addEventListener("click", follow);
}

/** Links inside the dashboard change the place; all others, and those with a key held, are the browser's. */
function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (pageOf(link.pathname).name === "not-found") return;
  if (link.pathname === location.pathname && link.search === location.search && link.hash) return;
  event.preventDefault();
  if (link.href !== location.href) go(link.pathname + link.search + link.hash);
}
