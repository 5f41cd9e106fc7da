/** What is wrong with the machine that lci runs on, worst first. Pure. */

import type { SystemDocument } from "../wire/generated.ts";

type Machine = Pick<SystemDocument, "docker" | "disk" | "isolation" | "readiness">;
export type Trouble = "docker" | "held" | "disk" | "walls";

/** The share of the disk below which what is free is little. */
export const LOW_DISK = 0.1;

export function troublesOf({ docker, disk, isolation, readiness }: Machine): Trouble[] {
  const held = readiness.reasons.some(({ blocking, code }) => blocking && code !== "DOCKER_UNAVAILABLE");
  const found: [Trouble, boolean][] = [
    ["docker", !docker.available],
    ["held", held],
    // What is full is little, too.
    ["disk", !held && disk.free_bytes < LOW_DISK * disk.total_bytes],
    // Without Docker no build runs that could reach anything.
    ["walls", docker.available && isolation.status === "degraded"],
  ];
  return found.filter(([, is]) => is).map(([trouble]) => trouble);
}
