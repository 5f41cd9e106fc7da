/** Lists that grow at their head while somebody reads on at their end: newest first, each once. Pure. */

interface Numbered {
  id: number;
}

/** The newest entries as they are told now, with those known beyond them; `total` is how many there are. */
export function renewed<T extends Numbered>(fresh: readonly T[], known: readonly T[], total: number): T[] {
  const last = fresh.at(-1)?.id;
  if (last === undefined || fresh.length >= total) return [...fresh];
  return [...fresh, ...known.filter(({ id }) => id < last)];
}

/** What is known, with a page of older entries. */
export function extended<T extends Numbered>(known: readonly T[], older: readonly T[]): T[] {
  const all = new Map([...older, ...known].map((each) => [each.id, each]));
  return [...all.values()].sort((a, b) => b.id - a.id);
}
