/** After an upgrade of lci the parts of the old page are gone: the page loads itself anew, once, not in a loop. */

const KEY = "lci.reloaded";
const AGAIN_AFTER = 10_000;

export function reloadOnceForNewVersion(): void {
  addEventListener("vite:preloadError", (event) => {
    const last = Number(sessionStorage.getItem(KEY) ?? 0);
    if (Date.now() - last < AGAIN_AFTER) return;
    event.preventDefault();
    sessionStorage.setItem(KEY, String(Date.now()));
    location.reload();
  });
}
