/** What is wrong with the machine that lci runs on, worst first. Pure. */

import type { SystemDocument } from "../wire/generated.ts";

export type Trouble = "docker" | "disk" | "walls";

/** The share of the disk below which what is free is little. */
export const LOW_DISK = 0.1;

export function troublesOf({ docker, disk, isolation }: Pick<SystemDocument, "docker" | "disk" | "isolation">): Trouble[] {
  const found: [Trouble, boolean][] = [
    ["docker", !docker.available],
    ["disk", disk.free_bytes < LOW_DISK * disk.total_bytes],
    // Without Docker no build runs that could reach anything.
    ["walls", docker.available && isolation.status === "degraded"],
  ];
  return found.filter(([, is]) => is).map(([trouble]) => trouble);
}
