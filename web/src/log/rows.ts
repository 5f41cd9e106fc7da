/**
 * The rows that a log is shown as: a head for each stage, and of those stages that are open the lines, or the heads of
 * groups of lines that are closed. Pure.
 */

import type { Fold } from "./folds.ts";
import type { Section } from "./model.ts";

export type Head =
  | { kind: "stage"; stage: string; first: number; lines: number; open: boolean }
  /** Its head is the line itself that began it. */
  | { kind: "group"; number: number; title: string; lines: number; open: boolean };

export type Row =
  | Head
  /** Below a head that no line follows, so that the next head is not too near to be hit. */
  | { kind: "gap"; first: number }
  | { kind: "line"; number: number };

/** Rows that follow one another: one head, with a gap below where it is closed, or lines. */
interface Run {
  /** The index of its first row among all. */
  at: number;
  /** The lines that it stands for, those too that a closed head hides. */
  first: number;
  last: number;
  head: Head | null;
}

const NONE: ReadonlySet<number> = new Set();

export class Rows {
  count = 0;
  private readonly runs: Run[] = [];
  private fold = 0;

  /** @param closed the names of stages. @param folded the first lines of groups. */
  constructor(
    total: number,
    sections: readonly Section[],
    closed: ReadonlySet<string>,
    private readonly folds: readonly Fold[] = [],
    private readonly folded: ReadonlySet<number> = NONE,
  ) {
    this.addLines(1, (sections[0]?.first ?? total + 1) - 1);
    sections.forEach(({ stage, first }, i) => {
      const last = (sections[i + 1]?.first ?? total + 1) - 1;
      const open = !closed.has(stage);
      const lines = Math.max(0, last - first + 1);
      // Its lines, where they are shown, are found before the head that stands above them.
      this.addHead({ kind: "stage", stage, first, lines, open }, first, open ? first - 1 : Math.max(first, last));
      if (open) this.addLines(first, last);
    });
  }

  private addHead(head: Head, first: number, last: number): void {
    this.runs.push({ at: this.count, first, last, head });
    this.count += head.open && head.lines > 0 ? 1 : 2;
  }

  private addLines(first: number, last: number): void {
    while ((this.folds[this.fold]?.first ?? first) < first) this.fold += 1;
    let next = first;
    for (let fold = this.folds[this.fold]; fold && fold.first <= last; fold = this.folds[++this.fold]) {
      this.addPlain(next, fold.first - 1);
      const end = Math.min(fold.last ?? last, last);
      const open = !this.folded.has(fold.first);
      const head: Head = { kind: "group", number: fold.first, title: fold.title, lines: end - fold.first, open };
      this.addHead(head, fold.first, open ? fold.first : end);
      next = open ? fold.first + 1 : end + 1;
    }
    this.addPlain(next, last);
  }

  private addPlain(first: number, last: number): void {
    if (first > last) return;
    this.runs.push({ at: this.count, first, last, head: null });
    this.count += last - first + 1;
  }

  at(index: number): Row | undefined {
    if (index < 0 || index >= this.count) return undefined;
    const run = this.runs[this.lastRun((each) => each.at <= index)];
    if (!run) return undefined;
    if (!run.head) return { kind: "line", number: run.first + index - run.at };
    return index === run.at ? run.head : { kind: "gap", first: run.first };
  }

  /** The index of a line's row; of the head that hides it where it is hidden. */
  indexOf(number: number): number {
    const run = this.runs[this.lastRun((each) => each.first <= number)];
    if (!run) return 0;
    return run.head ? run.at : run.at + Math.min(number, run.last) - run.first;
  }

  /** The index of the last run of which `holds` is true; it is of all before. */
  private lastRun(holds: (run: Run) => boolean): number {
    let [low, high] = [0, this.runs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.runs[middle] as Run)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** The number of a row's line; of a head that is none, of the first line below it. */
export function numberOf(row: Row): number {
  return "number" in row ? row.number : row.first;
}
