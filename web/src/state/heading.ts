/** Whoever cannot see that the page has changed is told by the focus, which goes to the new page's heading. */

/**
 * Move the focus to the heading, and once more where the page replaces it while it loads. Whoever presses a key or a
 * button meanwhile has the focus from then on. Returns what ends it.
 */
export function focusHeading(): () => void {
  const focus = () => (document.querySelector<HTMLElement>("h1") ?? document.getElementById("main"))?.focus({ preventScroll: true });
  const observer = new MutationObserver(() => {
    const at = document.activeElement;
    if (!at || at === document.body || at.id === "main") focus();
  });
  const end = () => {
    observer.disconnect();
    for (const kind of ["keydown", "pointerdown"]) removeEventListener(kind, end, true);
  };
  requestAnimationFrame(() => {
    const at = document.activeElement;
    if (at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement) return;
    focus();
    observer.observe(document.body, { childList: true, subtree: true });
  });
  for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, end, true);
  return end;
}
