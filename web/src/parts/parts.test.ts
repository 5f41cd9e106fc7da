// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { app } from "../state/app.svelte.ts";
import { OneBuild } from "../state/build.svelte.ts";
import { Log } from "../state/log.svelte.ts";
import { OneProject } from "../state/project.svelte.ts";
import { buildOf, pageOf, projectOf, slotOf } from "../testing/made.ts";
import { settled, Wire } from "../testing/lci.ts";
import Approval from "./Approval.svelte";
import Confirm from "./Confirm.svelte";
import Copy from "./Copy.svelte";
import Deployments from "./Deployments.svelte";
import Rollback from "./Rollback.svelte";
import Skipped from "./Skipped.svelte";
import StageStrip from "./StageStrip.svelte";
import TopBar from "./TopBar.svelte";
import Why from "./Why.svelte";

let wire: Wire;
beforeEach(() => {
  wire = new Wire().plugIn().on(/settings$/, () => ({ github_url: "https://github.com" }));
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const failure = { kind: "build", stage: "build", code: "EXIT_CODE", message: "It failed.", exit_code: 1, log_line: null, health_checks: [], container_log: [] } as const;

test.each([
  ["Still serving: #3 (Blue)", projectOf({ active_slot: "Blue", blue: slotOf({ status: "running", health: "healthy", build_number: 3 }) })],
  ["#3 (Blue) should serve, but does not answer.", projectOf({ active_slot: "Blue", blue: slotOf({ status: "running", health: "unhealthy", build_number: 3 }) })],
  ["#4 (Green) should serve", projectOf({ active_slot: "Green", green: slotOf({ status: "error", build_number: 4 }) })],
  ["The project is stopped", projectOf({ active_slot: "Blue", stopped: true, blue: slotOf({ status: "stopped", build_number: 3 }) })],
  ["Nothing was deployed before", projectOf()],
])("a failure says what visitors meet: %s", (sentence, project) => {
  const one = new OneBuild(7);
  one.project = project;
  render(Why, { one, build: pageOf({ id: 7, status: "Failed" }), failure: { ...failure, health_checks: [], container_log: [] }, log: new Log(7), show: () => undefined });
  expect(screen.getByText(sentence, { exact: false })).toBeTruthy();
});

test("since the last good build, the commits are told and compared where they can be seen", async () => {
  const one = new OneBuild(7);
  const build = pageOf({ id: 7, status: "Failed", commit_hash: "bbb" });
  one.project = projectOf({ repo: "acme/shop" });
  one.before = pageOf({ id: 5, build_number: 5, commit_hash: "aaa" });
  one.since = [build];
  render(Why, { one, build, failure: { ...failure, health_checks: [], container_log: [] }, log: new Log(7), show: () => undefined });
  const link = await screen.findByRole("link", { name: /Compare on GitHub/, hidden: true });
  expect(link.getAttribute("href")).toBe("https://github.com/acme/shop/compare/aaa...bbb");
});

test("a stage that takes far longer than usual is told, and one that has ended is not", () => {
  app.now = Date.parse("2026-11-20T11:02:00.000Z");
  const stage = (name: string, status: "Running" | "Success", started_at: string) => ({ name, kind: "step" as const, status, started_at, finished_at: null, duration_seconds: status === "Success" ? 90 : null, error: null });
  const stages = [stage("source", "Success", "2026-11-20T11:00:00.000Z"), stage("build", "Running", "2026-11-20T11:00:30.000Z")];
  render(StageStrip, { build: pageOf({ status: "Building", stages }), usual: { source: 1, build: 58 }, show: () => undefined });
  expect(screen.getByText(/usually 58s/)).toBeTruthy();
  expect(screen.getByText("longer than usual").closest("button")!.textContent).toContain("build");
  expect(screen.getAllByText("longer than usual")).toHaveLength(1);
});

test("what can be gone back to is found behind any number of rollbacks, and what serves is not offered", async () => {
  const rollback = (id: number) => buildOf({ id, build_number: id, trigger: "rollback", deployed_slot: "Blue", output_build_id: 3 });
  const original = (id: number) => buildOf({ id, build_number: id, deployed_slot: "Blue" });
  const rollbacks = Array.from({ length: 100 }, (_, i) => rollback(110 - i));
  wire.on(/builds$/, ({ query }) => ({ total: 103, builds: query.get("before_id") ? [original(4), original(3), original(2)] : rollbacks }));
  render(Rollback, { project: projectOf({ active_slot: "Blue", blue: slotOf({ build_id: 110, build_number: 110 }) }), close: () => undefined });
  await settled();
  await tick();
  expect(screen.getAllByRole("button", { hidden: true, name: /Deploy #/ }).map((each) => each.textContent)).toEqual(["Deploy #4 again", "Deploy #2 again"]);
  expect(screen.getByText("serves now").closest("li")!.textContent).toContain("#3");
});

test("over plain http a text is copied by selection, and where that is refused too, that is said", async () => {
  vi.stubGlobal("navigator", { ...navigator, clipboard: undefined });
  const copied: string[] = [];
  document.execCommand = () => (copied.push((document.activeElement as HTMLTextAreaElement).value), true);
  render(Copy, { text: "lci trigger shop" });
  await fireEvent.click(screen.getByRole("button"));
  await screen.findByText("Copied");
  expect(copied).toEqual(["lci trigger shop"]);
  cleanup();
  document.execCommand = () => false;
  render(Copy, { text: "x" });
  await fireEvent.click(screen.getByRole("button"));
  expect((await screen.findByText(/did not let it be copied/)).textContent).toContain("select it by hand");
  expect(document.querySelector("textarea")).toBeNull();
});

test("whoever leaves a dialog goes on where it was opened", async () => {
  const opener = document.createElement("button");
  document.body.append(opener);
  opener.focus();
  const { unmount } = render(Confirm, { title: "Stop it?", what: "It goes.", action: "Stop", act: () => Promise.resolve(), close: () => undefined });
  screen.getByRole("button", { name: "Cancel", hidden: true }).focus();
  unmount();
  expect(document.activeElement).toBe(opener);
  opener.remove();
});

test("a page without a live channel says whether lci answers otherwise, and an old page that it is old", async () => {
  vi.useFakeTimers();
  render(TopBar);
  await vi.advanceTimersByTimeAsync(3100);
  expect(screen.getByText(/asking every few seconds/)).toBeTruthy();
  app.reached = false;
  await tick();
  expect(screen.getByText(/Connection lost/)).toBeTruthy();
  app.updated = true;
  await tick();
  expect(within(screen.getByText(/lci was updated/)).getByRole("button", { name: "Load it anew" })).toBeTruthy();
  app.updated = false;
  app.reached = true;
});

test("pushes that were skipped are told with their reason, and can be built all the same", async () => {
  const delivery = (id: number, verdict: string, build_ids: number[] = []) => ({
    id, verdict, build_ids, delivery_id: `${id}`, event: "push", received_at: "2026-11-20T11:00:00.000Z", reason: "no file matched backend/**",
    repository: "acme/shop", ref: "refs/heads/main", before: "", after: "abcdef0123", project_ids: [1],
  }); // prettier-ignore
  wire.on(/deliveries$/, () => ({ total: 4, deliveries: [delivery(4, "path"), delivery(3, "queued", [9]), delivery(2, "branch", [8]), delivery(1, "ping")] }));
  wire.on(/deliveries\/4\/build$/, () => ({ builds: [{ build_id: 12, project_id: 1 }] }));
  render(Skipped, { project: projectOf(), latest: 1 });
  await screen.findByText("no file matched backend/**");
  expect(document.querySelectorAll("[data-skipped]")).toHaveLength(1);
  expect(wire.asked[0]!.query.get("project_id")).toBe("1");
  await fireEvent.click(screen.getByRole("button", { name: "Build anyway" }));
  await vi.waitFor(() => expect(location.pathname).toBe("/builds/12"));
});

test("a deployment shows its health checks, its container's last lines, and when it was switched to", () => {
  const one = new OneProject("shop");
  one.deploymentsTotal = 1;
  one.deployments = [
    {
      id: 1, project_id: 1, build_id: 7, build_number: 7, commit_hash: null, slot: "Blue", outcome: "Failed", reason: "", trigger: "webhook",
      requested_by: "", started_at: "2026-11-20T11:00:00.000Z", switched_at: "2026-11-20T11:00:09.000Z", finished_at: null, receipt: null,
      health_checks: [{ attempt: 1, at: "2026-11-20T11:00:01.000Z", url: "http://127.0.0.1:9001/", ok: false, status: null, error: "refused", ms: 3, body: "" }],
      container_log: ["\x1b[31mno port\x1b[0m"],
    },
  ]; // prettier-ignore
  render(Deployments, { one });
  expect(screen.getByText("Traffic switched", { exact: false })).toBeTruthy();
  expect(screen.getByText(/refused/)).toBeTruthy();
  expect(screen.getByText("no port")).toBeTruthy();
});

test("what approving means is said before it is done, of the commit that was looked at, and a refusal is shown", async () => {
  const one = new OneBuild(7);
  one.project = projectOf({ repo: "acme/shop" });
  const build = pageOf({ id: 7, status: "Queued", waits_for: "approval", pull_request: 3, commit_author: "mallory", commit_hash: "abc1234000" });
  wire.on(/builds\/7\/approve$/, (asked) => asked.refuse(409, "CONFLICT", "Build 7 of shop is of another commit."));
  render(Approval, { one, build });
  const link = await screen.findByRole("link", { name: /Look at what it changes/ });
  expect(link.getAttribute("href")).toBe("https://github.com/acme/shop/compare/main...abc1234000");
  expect(screen.getByRole("link", { name: /Pull request #3/ }).getAttribute("href")).toBe("https://github.com/acme/shop/pull/3");
  await fireEvent.click(screen.getByRole("button", { name: /Approve/ }));
  expect(screen.getByText(/This commit is approved and no other/)).toBeTruthy();
  await fireEvent.click(screen.getByRole("button", { name: "Approve and build", hidden: true }));
  expect(await screen.findByText(/is of another commit/)).toBeTruthy();
  expect(wire.of(/POST .*approve$/).map(({ body }) => body)).toEqual([{ commit_hash: "abc1234000" }]);
});
