import { expect, test } from "vitest";
import { troublesOf } from "./troubles.ts";

const machine = (available: boolean, free: number, status: "enforced" | "degraded") => ({
  docker: { available, version: available ? "29.1" : null, message: null },
  disk: { total_bytes: 1000, free_bytes: free },
  isolation: { status, message: null },
});

test("a machine that is well has no troubles", () => expect(troublesOf(machine(true, 100, "enforced"))).toEqual([]));

test("each trouble is told, the worst first", () => {
  expect(troublesOf(machine(false, 99, "degraded"))).toEqual(["docker", "disk"]);
  expect(troublesOf(machine(true, 99, "degraded"))).toEqual(["disk", "walls"]);
});
