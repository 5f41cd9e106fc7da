/** Letting the build of a fork's pull request run, in English. */

export const approval = {
  title: "This commit waits for approval",
  lead: (who: string, number: number, branch: string) =>
    `${who || "Somebody"} offers it from a fork, in pull request #${number} into ${branch}. It runs on this machine only once somebody has looked at it.`,
  commit: "Commit",
  changes: "Look at what it changes",
  pull: (number: number) => `Pull request #${number}`,
  approve: "Approve and build",
  ask: (commit: string) => `Approve ${commit}?`,
  means: [
    "Its code runs on this machine, in a build container with the project's limits, and reaches the internet.",
    "It gets no secrets and no shared cache, the settings are those of the base branch, and it is never deployed.",
    "This commit is approved and no other: whatever is pushed to the pull request later waits again.",
  ],
  look: "Look for what a build runs: scripts, dependencies and their install hooks, tests, workflow files.",
  done: (commit: string) => `${commit} is approved. It is built when its turn comes.`,
};
