/** The signs that are seen from another tab: the title, and the icon beside it. */

import type { Shown } from "../parts/states.ts";
import { projectState, urgency } from "../parts/states.ts";
import { t } from "../words/index.svelte.ts";
import { projects } from "./projects.svelte.ts";

const MARKS: Partial<Record<Shown, string>> = {
  Building: "◐",
  Running: "◐",
  Deploying: "⇄",
  Queued: "○",
  Approval: "!",
  Success: "✓",
  live: "✓",
  Failed: "✕",
  trouble: "✕",
  Cancelled: "⊘",
};
const BUSY: readonly Shown[] = ["Building", "Deploying", "Queued", "Running"];
const BAD: readonly Shown[] = ["Failed", "trouble"];
const GOOD: readonly Shown[] = ["Success", "live"];

class Signs {
  /** What the open page is about; null where it is about everything. */
  subject = $state.raw<{ title: string; state?: Shown | undefined } | null>(null);

  show(): void {
    const states = projects.list.map((project) => projectState(project, projects.recent));
    const state = this.subject ? this.subject.state : states.sort((a, b) => urgency(a) - urgency(b))[0];
    const title = this.subject?.title ?? t().nav.projects;
    const mark = state && MARKS[state];
    document.title = `${mark ? `${mark} ` : ""}${title} · lci`;
    const kind = !state ? "idle" : BUSY.includes(state) ? "busy" : BAD.includes(state) ? "failed" : GOOD.includes(state) ? "live" : "idle";
    const icon = document.getElementById("favicon");
    const address = icon?.getAttribute("href")?.replace(/status-\w+/, `status-${kind}`);
    if (address) icon?.setAttribute("href", address);
  }

  /** Set while a page is open: call in an effect. */
  of(title: string, state?: Shown): () => void {
    const subject = { title, state };
    this.subject = subject;
    return () => {
      if (this.subject === subject) this.subject = null;
    };
  }
}
export const signs = new Signs();
