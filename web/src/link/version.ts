/** After an upgrade of lci the parts of the old page are gone: the page loads itself anew, once, not in a loop. */

const KEY = "lci.reloaded";
const AGAIN_AFTER = 10_000;

export function reloadOnceForNewVersion(): void {
  addEventListener("vite:preloadError", (event) => {
    if (hasReloadedItself()) return;
    event.preventDefault();
    sessionStorage.setItem(KEY, String(Date.now()));
    location.reload();
  });
}

/** Whether this page has just loaded itself anew: whoever was on the way to it has not been told yet that it is there. */
export function hasReloadedItself(): boolean {
  return Date.now() - Number(sessionStorage.getItem(KEY) ?? 0) < AGAIN_AFTER;
}
