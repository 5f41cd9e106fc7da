/** Where in the dashboard one is. Addresses are the browser's own: history, reload, a new tab and a link all work. */

import { pageOf } from "../routes.ts";

class Place {
  path = $state(location.pathname);
  hash = $state(location.hash);
  page = $derived(pageOf(this.path));
}
export const place = new Place();

/** Go to an address of the dashboard. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  read();
  if (!replace) scrollTo(0, 0);
}

/** Change the part after `#` without a new entry in the history. */
export function setHash(hash: string): void {
  history.replaceState(null, "", `${location.pathname}${hash}`);
  place.hash = hash;
}

function read(): void {
  place.path = location.pathname;
  place.hash = location.hash;
}

export function start(): void {
  addEventListener("popstate", read);
  addEventListener("hashchange", read);
  document.addEventListener("click", follow);
}

/** Links inside the dashboard change the place; all others, and those with a key held, are the browser's. */
function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (pageOf(link.pathname).name === "not-found") return;
  if (link.pathname === location.pathname && link.hash) return;
  event.preventDefault();
  if (link.href !== location.href) go(link.pathname + link.hash);
}
