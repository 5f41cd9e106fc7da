import { expect, test } from "vitest";
import type { ReasonDocument } from "../wire/generated.ts";
import { troublesOf } from "./troubles.ts";

const machine = (available: boolean, free: number, status: "enforced" | "degraded", reasons: ReasonDocument[] = []) => ({
  docker: { available, version: available ? "29.1" : null, message: null },
  disk: { total_bytes: 1000, free_bytes: free },
  isolation: { status, message: null },
  readiness: { ready: reasons.length === 0, reasons },
});

test("a machine that is well has no troubles", () => expect(troublesOf(machine(true, 100, "enforced"))).toEqual([]));

test("each trouble is told, the worst first", () => {
  expect(troublesOf(machine(false, 99, "degraded"))).toEqual(["docker", "disk"]);
  expect(troublesOf(machine(true, 99, "degraded"))).toEqual(["disk", "walls"]);
});

test("a disk that holds builds back is told instead of one that has little room", () => {
  const full: ReasonDocument = { code: "DISK_FULL", message: "The disk is full.", blocking: true };
  const away: ReasonDocument = { code: "DOCKER_UNAVAILABLE", message: "Docker does not answer.", blocking: true };
  expect(troublesOf(machine(true, 0, "enforced", [full]))).toEqual(["held"]);
  expect(troublesOf(machine(false, 500, "enforced", [away]))).toEqual(["docker"]);
  expect(troublesOf(machine(true, 500, "enforced", [{ ...full, blocking: false }]))).toEqual([]);
});
