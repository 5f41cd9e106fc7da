/** Whether this page has just loaded itself anew (public/first.js): whoever was on the way to it has not been told yet. */
export function hasReloadedItself(): boolean {
  return document.documentElement.dataset.loadedAnew !== undefined;
}
