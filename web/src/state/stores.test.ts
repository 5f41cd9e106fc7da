// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { settled, Wire } from "../testing/lci.ts";
import { buildOf, pageOf, projectOf } from "../testing/made.ts";
import { live } from "./app.svelte.ts";
import { OneBuild } from "./build.svelte.ts";
import { OneProject } from "./project.svelte.ts";
import { Projects } from "./projects.svelte.ts";

const PROJECT = /GET \/api\/projects\/[^/]+$/;
const PROJECTS = /GET \/api\/projects$/;
const BUILDS = /GET \/api\/builds$/;
const status = (build_id: number, status: "Building" | "Success" | "Failed", project_id = 1) =>
  ({ type: "build_status", build_id, project_id, project_name: "shop", build_number: 1, status, previous_status: null, timestamp: "" }) as const;

let wire: Wire;
let leave: (() => void)[] = [];
beforeEach(() => {
  vi.useFakeTimers();
  wire = new Wire().plugIn();
  live.start();
});
afterEach(() => {
  for (const each of leave) each();
  leave = [];
  live.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function watched(store: Projects | OneProject | OneBuild): Promise<void> {
  leave.push(store.watch());
  await settled();
}

test("an answer that was asked for before the connection was lost does not pass for what is known after it", async () => {
  const projects = new Projects();
  await watched(projects);
  wire.socket.open();
  await settled();
  const [early, late] = wire.of(PROJECTS);
  wire.of(BUILDS).forEach((each) => each.answer({ total: 0, builds: [] }));
  late!.answer({ total: 1, projects: [projectOf({ name: "new" })] });
  await settled();
  early!.answer({ total: 1, projects: [projectOf({ name: "old" })] });
  await settled();
  expect(projects.list.map(({ name }) => name)).toEqual(["new"]);
});

test("an answer on its way does not take back what an event has told meanwhile", async () => {
  const building = projectOf({ last_build: buildOf({ id: 7, status: "Building" }) });
  const projects = new Projects();
  await watched(projects);
  wire.of(PROJECTS)[0]!.answer({ total: 1, projects: [building] });
  wire.of(BUILDS)[0]!.answer({ total: 1, builds: [building.last_build] });
  await settled();
  wire.socket.open();
  await settled();
  wire.socket.tell(status(7, "Success"));
  wire.of(PROJECTS)[1]!.answer({ total: 1, projects: [building] });
  wire.of(BUILDS)[1]!.answer({ total: 1, builds: [building.last_build] });
  await settled();
  expect(projects.list[0]?.last_build?.status).toBe("Success");
  expect(projects.recent[0]?.status).toBe("Success");
});

test("of a build that is not the last one any more the end is learnt too", async () => {
  const [first, second] = [buildOf({ id: 7, status: "Building" }), buildOf({ id: 8, build_number: 2, status: "Queued" })];
  const project = projectOf({ last_build: second });
  wire.on(PROJECTS, () => ({ total: 1, projects: [project] })).on(BUILDS, () => ({ total: 2, builds: [second, first] }));
  wire.on(PROJECT, () => project).on(/builds\/7$/, () => ({ ...first, status: "Failed", duration_seconds: 9 }));
  const projects = new Projects();
  await watched(projects);
  wire.socket.open();
  await settled();
  wire.socket.tell(status(7, "Failed"));
  await vi.advanceTimersByTimeAsync(200);
  expect(projects.recent.map(({ id, status, duration_seconds }) => [id, status, duration_seconds])).toEqual([[8, "Queued", null], [7, "Failed", 9]]);
});

test("what could not be asked is told, asked again, and forgiven", async () => {
  wire.on(PROJECTS, () => ({ total: 1, projects: [projectOf()] })).on(BUILDS, () => ({ total: 0, builds: [] }));
  wire.on(PROJECT, (asked) => asked.refuse(500, "INTERNAL_ERROR"));
  const projects = new Projects();
  await watched(projects);
  wire.socket.open();
  wire.socket.tell(status(7, "Failed"));
  await vi.advanceTimersByTimeAsync(200);
  expect(projects.error?.code).toBe("INTERNAL_ERROR");
  wire.on(PROJECT, () => projectOf({ name: "mended" })).on(/builds\/7$/, (asked) => asked.refuse(404, "BUILD_NOT_FOUND"));
  await vi.advanceTimersByTimeAsync(3500);
  expect(projects.error).toBeNull();
  expect(projects.list[0]?.name).toBe("mended");
});

test("projects that were made or removed elsewhere are seen in a page that is only left open", async () => {
  wire.on(PROJECTS, () => ({ total: 1, projects: [projectOf()] })).on(BUILDS, () => ({ total: 0, builds: [] }));
  const projects = new Projects();
  await watched(projects);
  wire.socket.open();
  await settled();
  wire.on(PROJECTS, () => ({ total: 1, projects: [projectOf({ id: 2, name: "another" })] }));
  await vi.advanceTimersByTimeAsync(31_000);
  expect(projects.list.map(({ name }) => name)).toEqual(["another"]);
});

test("a project's rows that were read on stay when its head is told anew", async () => {
  const builds = (...ids: number[]) => ids.map((id) => buildOf({ id }));
  wire.on(PROJECT, () => projectOf()).on(/deployments$/, () => ({ total: 0, deployments: [] }));
  wire.on(/shop\/builds$/, ({ query }) => ({ total: 60, builds: query.get("before_id") ? builds(34, 33) : builds(36, 35) }));
  const one = new OneProject("shop");
  await watched(one);
  await one.moreBuilds();
  wire.socket.open();
  wire.on(/shop\/builds$/, () => ({ total: 61, builds: builds(37, 36) }));
  wire.socket.tell(status(37, "Building"));
  await vi.advanceTimersByTimeAsync(200);
  expect(one.builds.map(({ id }) => id)).toEqual([37, 36, 35, 34, 33]);
});

test("what still serves is asked again when somebody else's deployment has changed it", async () => {
  wire.on(/builds\/7$/, () => pageOf({ id: 7, status: "Failed" }));
  wire.on(/projects\/1\/builds$/, () => ({ total: 0, builds: [] })).on(PROJECT, () => projectOf({ active_slot: "Blue" }));
  const one = new OneBuild(7);
  await watched(one);
  wire.socket.open();
  await settled();
  expect(one.project?.active_slot).toBe("Blue");
  wire.on(PROJECT, () => projectOf({ active_slot: "Green" }));
  wire.socket.tell({ type: "deployment", build_id: 8, project_id: 1, project_name: "shop", status: "Success", slot: "Green", url: "", reason: "", timestamp: "" });
  await vi.advanceTimersByTimeAsync(200);
  expect(one.project?.active_slot).toBe("Green");
  wire.on(PROJECT, () => projectOf({ active_slot: "Green", stopped: true }));
  wire.socket.tell({ type: "container_status", project_id: 1, slot: "Green", container_id: "", status: "Stopped", timestamp: "" });
  await vi.advanceTimersByTimeAsync(200);
  expect(one.project?.stopped).toBe(true);
});

test("a build's older answer does not bring back a status that is past", async () => {
  const page = (status: "Building" | "Success") => pageOf({ id: 7, status });
  wire.on(/projects\/1/, () => projectOf());
  wire.on(/projects\/1\/builds$/, () => ({ total: 0, builds: [] }));
  const one = new OneBuild(7);
  await watched(one);
  wire.of(/builds\/7$/)[0]!.answer(page("Building"));
  await settled();
  wire.socket.open();
  await settled();
  wire.socket.tell(status(7, "Success"));
  wire.of(/builds\/7$/)[1]!.answer(page("Building"));
  await settled();
  expect(one.build?.status).toBe("Success");
});

test("that nothing has succeeded yet is said only once it is known, and pull requests are no builds to compare with", async () => {
  wire.on(/builds\/(\d+)$/, ({ path }) => pageOf({ id: Number(path.split("/").at(-1)), status: "Failed" })).on(PROJECT, () => projectOf());
  const one = new OneBuild(7);
  await watched(one);
  expect(one.compared).toBe(false);
  const offered = { pull_request: 1, trigger: "pull_request" } as const;
  const [successes, earlier] = wire.of(/projects\/1\/builds$/);
  successes!.answer({ total: 2, builds: [buildOf({ id: 5, ...offered }), buildOf({ id: 3 })] });
  earlier!.answer({ total: 4, builds: [buildOf({ id: 6, ...offered }), buildOf({ id: 5, ...offered }), buildOf({ id: 4 }), buildOf({ id: 3 })] });
  await settled();
  expect(one.compared).toBe(true);
  expect(one.before?.id).toBe(3);
  expect(one.since.map(({ id }) => id)).toEqual([7, 4]);
});
