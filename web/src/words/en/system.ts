/** What lci runs on, and what is wrong with that, in English. */

export const system = {
  isolation: "Walls round builds",
  enforced: "A build reaches the internet, and neither this host nor its networks.",
  degraded: "Not enforced: a build can reach this host and the networks it is in. lci refuses builds only at its own ports.",
  reason: (why: string) => `The reason: ${why}.`,
  troubles: "What is wrong with the machine",
  docker: "Docker does not answer: nothing can be built, deployed or restarted. What serves goes on as long as its containers do.",
  disk: (free: string) => `Only ${free} of the disk are free. Builds fail when it is full.`,
  held: "No build starts now; those that are ordered wait in their order. lci's disk is full, read-only or broken.",
  walls: "Builds are not walled off from this host and its networks.",
  details: "What it is",
};
