/** Which settings the repository's own file gives. Pure. */

type Entry = { value: unknown; origin: string };

const isEntry = (entry: unknown): entry is Entry => typeof entry === "object" && entry !== null && "origin" in entry && "value" in entry;

/** The values that a build took from the repository's file, as text: by setting. */
export function givenByRepository(effective: Record<string, unknown> | null): Record<string, string> {
  const given = Object.entries(effective ?? {}).flatMap(([name, entry]) =>
    isEntry(entry) && entry.origin === "repository" ? [[name, textOf(entry.value)]] : [],
  );
  return Object.fromEntries(given);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value || '""';
  if (Array.isArray(value)) return value.join(", ");
  return JSON.stringify(value);
}
