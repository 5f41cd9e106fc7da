// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { carriedTo } from "../state/carried.ts";
import * as place from "../state/place.svelte.ts";
import { buildOf, projectOf } from "../testing/made.ts";
import { Wire } from "../testing/lci.ts";
import Builds from "./Builds.svelte";
import Setup from "./Setup.svelte";

let wire: Wire;
beforeEach(() => {
  wire = new Wire().plugIn().on(/detect$/, (asked) => asked.refuse(400, "VALIDATION_ERROR"));
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("which builds are shown is in the address, and reading on repeats none", async () => {
  place.go("/builds?status=Failed");
  wire.on(/builds$/, ({ query }) => {
    const before = Number(query.get("before_id") ?? 100);
    const ids = before === 100 ? [9, 8, 7] : [7, 6];
    return { total: 5, builds: ids.map((id) => buildOf({ id, build_number: id, status: "Failed" })) };
  });
  render(Builds);
  await screen.findByText("#9");
  expect(wire.asked[0]!.query.get("status")).toBe("Failed");
  await fireEvent.click(screen.getByRole("button", { name: "Show more" }));
  await screen.findByText("#6");
  expect(screen.getAllByText("#7")).toHaveLength(1);
  await fireEvent.change(screen.getByRole("combobox"), { target: { value: "Queued" } });
  expect(location.search).toBe("?status=Queued");
  await vi.waitFor(() => expect(wire.asked.at(-1)!.query.get("status")).toBe("Queued"));
});

async function throughTheWizard(): Promise<void> {
  render(Setup);
  await fireEvent.input(screen.getByLabelText("Repository"), { target: { value: "acme/shop" } });
  await fireEvent.click(screen.getByRole("button", { name: "Continue" }));
  await fireEvent.click(await screen.findByRole("button", { name: "Continue without looking" }));
  for (let step = 1; step < 3; step++) await fireEvent.click(await screen.findByRole("button", { name: "Continue" }));
  await fireEvent.click(await screen.findByRole("button", { name: "Create and build" }));
}

test("a repository that brings its own file needs no more than its address", async () => {
  wire.on(/projects$/, () => projectOf()).on(/projects\/1\/builds$/, () => ({ build_id: 12 }));
  await throughTheWizard();
  await vi.waitFor(() => expect(location.pathname).toBe("/builds/12"));
});

test("a project that was created but not queued is shown, with what went wrong", async () => {
  wire.on(/projects$/, () => projectOf()).on(/projects\/1\/builds$/, (asked) => asked.refuse(503, "SHUTTING_DOWN"));
  await throughTheWizard();
  await vi.waitFor(() => expect(location.pathname).toBe("/projects/shop"));
  expect(carriedTo("/projects/shop")?.code).toBe("SHUTTING_DOWN");
  expect(wire.of(/POST \/api\/projects$/)).toHaveLength(1);
});
