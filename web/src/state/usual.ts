/** How long stages usually take: the median of the last successes, where half of them took longer. Pure. */

interface Timed {
  stages: readonly { name: string; duration_seconds: number | null }[];
}

/** Seconds by stage. */
export function usualOf(builds: readonly Timed[]): Record<string, number> {
  const times = new Map<string, number[]>();
  for (const { stages } of builds) {
    for (const { name, duration_seconds: seconds } of stages) {
      if (seconds !== null) times.set(name, [...(times.get(name) ?? []), seconds]);
    }
  }
  return Object.fromEntries([...times].map(([name, all]) => [name, median(all)]));
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}
