/** The lines that an address names after `#`: `#L120` or `#L120-L140`. Pure. */

export interface Chosen {
  first: number;
  last: number;
}

export function chosenBy(hash: string): Chosen | null {
  const match = /^#L(\d{1,15})(?:-L?(\d{1,15}))?$/.exec(hash);
  if (!match) return null;
  const [a, b] = [Number(match[1]), Number(match[2] ?? match[1])];
  return a > 0 && b > 0 ? { first: Math.min(a, b), last: Math.max(a, b) } : null;
}

export function hashOf({ first, last }: Chosen): string {
  return first === last ? `#L${first}` : `#L${first}-L${last}`;
}

/** What a click on a line's number chooses: the line, or with Shift all from the one chosen before. */
export function clicked(number: number, before: Chosen | null, extend: boolean): Chosen {
  if (!extend || !before) return { first: number, last: number };
  return number < before.first ? { first: number, last: before.last } : { first: before.first, last: Math.max(number, before.first) };
}
