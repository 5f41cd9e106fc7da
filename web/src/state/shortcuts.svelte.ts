/** Single keys: a page offers what they do while it is open; none acts while one types or holds a modifier. */

import { overlays } from "./overlays.svelte.ts";
import { go } from "./place.svelte.ts";
import { preferences } from "./preferences.svelte.ts";

type Actions = Record<string, () => void>;
const offered = new Set<Actions>();
/** How long after `g` the second key may come. Milliseconds. */
const SECOND_KEY = 1500;
const PLACES: Record<string, string> = { d: "/", b: "/builds", s: "/settings", n: "/setup" };
let pending = 0;

/** Offer keys for as long as the page is open: call in an effect. */
export function offer(actions: Actions): () => void {
  offered.add(actions);
  return () => offered.delete(actions);
}

export function listen(): () => void {
  addEventListener("keydown", pressed);
  return () => removeEventListener("keydown", pressed);
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    overlays.open = "palette";
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (overlays.open || document.querySelector("dialog[open]")) return;
  if (!preferences.kept.shortcuts) return;
  if (act(event.key)) event.preventDefault();
}

function act(key: string): boolean {
  const second = performance.now() - pending < SECOND_KEY;
  pending = 0;
  if (second && PLACES[key]) go(PLACES[key]);
  else if (key === "g") pending = performance.now();
  else if (key === "?") overlays.open = "keys";
  else if (key === "/") overlays.open = "palette";
  else {
    const action = [...offered].reverse().find((actions) => key in actions)?.[key];
    if (action) action();
    else if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
    else return false;
  }
  return true;
}

/** Go to the next entry of the page's list: entries bear `data-entry`. */
function move(by: 1 | -1): void {
  const entries = [...document.querySelectorAll<HTMLElement>("[data-entry]")];
  const at = entries.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (by > 0 ? 0 : entries.length - 1) : at + by;
  entries[next]?.focus();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
