/** Whoever cannot see that the page has changed is told by the focus, which goes to the new page's heading. */

/**
 * Move the focus to the heading, and back there whenever the page takes away what has it, as it does while it loads.
 * Whoever points at the page has it where that is, from then on. Returns what ends it.
 */
export function focusHeading(): () => void {
  const focus = () => (document.querySelector<HTMLElement>("h1") ?? document.getElementById("main"))?.focus({ preventScroll: true });
  const observer = new MutationObserver(() => {
    const at = document.activeElement;
    if (!at || at === document.body || at.id === "main") focus();
  });
  const end = () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
    removeEventListener("pointerdown", end, true);
  };
  const frame = requestAnimationFrame(() => {
    const at = document.activeElement;
    if (at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement) return;
    focus();
    observer.observe(document.body, { childList: true, subtree: true });
  });
  addEventListener("pointerdown", end, true);
  return end;
}
