/** Which registry an image comes from, as lci sees it (lci_app/core/registries.py). Pure. */

import type { ProjectDocument } from "../wire/generated.ts";

const HUB = "docker.io";
const HUBS_OTHER_NAMES = ["index.docker.io", "registry-1.docker.io"];

/** The host that an image is pulled from, with its port where there is one. */
export function registryOf(image: string): string {
  const slash = image.indexOf("/");
  const first = image.slice(0, Math.max(0, slash)).toLowerCase();
  const namesHost = /[.:]/.test(first) || first === "localhost";
  return namesHost && !HUBS_OTHER_NAMES.includes(first) ? first : HUB;
}

/** The host in what somebody typed or pasted: the address of a registry, an image's name, or just the host. */
export const hostIn = (typed: string): string => typed.trim().replace(/^https?:\/\//i, "").replace(/\/.*$/, "");

/** The names of the projects whose settings name an image of a registry. */
export const projectsOf = (projects: readonly Pick<ProjectDocument, "name" | "build_image" | "runtime_image">[], host: string): string[] =>
  projects.filter((each) => [each.build_image, each.runtime_image].some((image) => image && registryOf(image) === host)).map((each) => each.name);
