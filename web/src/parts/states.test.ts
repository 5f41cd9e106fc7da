import { expect, test } from "vitest";
import { buildOf, projectOf, slotOf } from "../testing/made.ts";
import { buildState, projectState, urgency } from "./states.ts";

const live = { active_slot: "Blue", blue: slotOf({ status: "running", health: "healthy" }) } as const;
const proposed = { id: 9, trigger: "pull_request", pull_request: 1, trust: "untrusted" } as const;

test("a queued build that waits for approval is said to, and one that was approved waits for its turn", () => {
  expect(buildState({ status: "Queued", waits_for: "approval" })).toBe("Approval");
  expect(buildState({ status: "Queued", waits_for: null })).toBe("Queued");
  // An event has told of the status already, and the rest is being asked for.
  expect(buildState({ status: "Building", waits_for: "approval" })).toBe("Building");
});

test.each([
  ["waits", { ...proposed, status: "Queued", waits_for: "approval" } as const],
  ["fails", { ...proposed, status: "Failed" } as const],
])("a pull request that %s is no word on the project", (_, last) => {
  const project = projectOf({ ...live, last_build: buildOf(last) });
  expect(projectState(project, [buildOf(last), buildOf({ id: 8, status: "Success" })])).toBe("live");
  expect(projectState(project, [buildOf(last), buildOf({ id: 8, status: "Failed" })])).toBe("Failed");
  expect(projectState(project, [buildOf(last), buildOf({ id: 8, status: "Failed", project_id: 2 })])).toBe("live");
});

test("a pull request that is being built moves, as every build does", () => {
  const project = projectOf({ ...live, last_build: buildOf({ ...proposed, status: "Building" }) });
  expect(projectState(project, [])).toBe("Building");
});

test("trouble comes before what moves, and that before the rest", () => {
  expect((["live", "Building", "Failed"] as const).toSorted((a, b) => urgency(a) - urgency(b))).toEqual(["Failed", "Building", "live"]);
});
