/** Groups that a build's own output makes: `::group::Title` up to `::endgroup::`, as other runners know them. Pure. */

import { textOf } from "./ansi.ts";

export interface Fold {
  /** The number of the line that begins it, which is shown as its head. */
  first: number;
  /** The number of the line that ends it; null where it has not ended. */
  last: number | null;
  title: string;
}

const MARK = /^::(group|endgroup)::(.*)$/;

/** What a line is among groups: a beginning's title, null for an end, undefined for neither. */
export function markOf(line: string): string | null | undefined {
  if (!line.includes("group::")) return undefined;
  const [, kind, title = ""] = MARK.exec(textOf(line).trim()) ?? [];
  return kind === "group" ? title.trim() : kind === "endgroup" ? null : undefined;
}

/** The groups of marked lines, rising; one that begins within another ends that one. */
export function foldsOf(marks: ReadonlyMap<number, string | null>): Fold[] {
  const folds: Fold[] = [];
  let open: Fold | null = null;
  for (const [number, title] of [...marks].sort(([a], [b]) => a - b)) {
    if (open) open.last = title === null ? number : number - 1;
    open = title === null ? null : { first: number, last: null, title };
    if (open) folds.push(open);
  }
  return folds;
}
