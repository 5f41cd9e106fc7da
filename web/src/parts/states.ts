/** The shape and colour of each state. Words come from the dictionary, under the state's own name. */

import type { BuildDocument, BuildStatus, ProjectDocument, SlotDocument, StageStatus } from "../wire/generated.ts";
import type { IconName } from "./icons.ts";

export type Shown = BuildStatus | StageStatus | "Approval" | "FlippedBack" | "live" | "stopped" | "trouble" | "idle";

export interface Look {
  icon: IconName;
  colour: string;
  moving?: boolean;
}

export const looks: Record<Shown, Look> = {
  Queued: { icon: "clock", colour: "var(--queued)" },
  Approval: { icon: "eye", colour: "var(--warning)" },
  Building: { icon: "ring", colour: "var(--building)", moving: true },
  Deploying: { icon: "swap", colour: "var(--deploying)" },
  Success: { icon: "check", colour: "var(--live)" },
  Failed: { icon: "cross", colour: "var(--failed)" },
  Cancelled: { icon: "slash", colour: "var(--cancelled)" },
  Pending: { icon: "dot", colour: "var(--muted)" },
  Running: { icon: "ring", colour: "var(--building)", moving: true },
  Skipped: { icon: "skip", colour: "var(--warning)" },
  FlippedBack: { icon: "back", colour: "var(--warning)" },
  live: { icon: "check", colour: "var(--live)" },
  stopped: { icon: "stop", colour: "var(--cancelled)" },
  trouble: { icon: "warning", colour: "var(--failed)" },
  idle: { icon: "dot", colour: "var(--muted)" },
};

export const ENDED: ReadonlySet<BuildStatus> = new Set(["Success", "Failed", "Cancelled"]);

/** Whether a build runs only once somebody has approved its commit. */
export const waitsForApproval = (build: Pick<BuildDocument, "status" | "waits_for">) => build.status === "Queued" && build.waits_for === "approval";

/** What is to be said of a build in one word. */
export const buildState = (build: Pick<BuildDocument, "status" | "waits_for">): Shown => (waitsForApproval(build) ? "Approval" : build.status);

/** The slot that gets the traffic. */
export function slotOf(project: ProjectDocument): SlotDocument | null {
  if (!project.active_slot) return null;
  return project.active_slot === "Blue" ? project.blue : project.green;
}

/** What a visitor of the project meets now. */
export function servingState(project: ProjectDocument): "live" | "stopped" | "trouble" | "idle" {
  if (project.stopped) return "stopped";
  const slot = slotOf(project);
  if (!slot) return "idle";
  return slot.status === "running" && slot.health !== "unhealthy" ? "live" : "trouble";
}

/**
 * What is to be said of a project in one word: what moves, then what failed, then what serves. A pull request that fails
 * or waits is no word on the project: then the last of `builds`, newest first, is that is of the project itself.
 */
export function projectState(project: ProjectDocument, builds: readonly BuildDocument[]): Shown {
  const last = project.last_build;
  if (last && !ENDED.has(last.status) && !waitsForApproval(last)) return last.status;
  const serving = servingState(project);
  if (serving === "trouble" || serving === "stopped") return serving;
  const own = last?.pull_request ? builds.find((build) => build.project_id === project.id && !build.pull_request) : last;
  return own?.status === "Failed" ? "Failed" : serving;
}

/** Smaller comes first: trouble, then what moves, then the rest. */
export function urgency(state: Shown): number {
  if (state === "trouble" || state === "Failed") return 0;
  return state === "Building" || state === "Deploying" || state === "Queued" ? 1 : 2;
}
