/** The rows that a log is shown as: a head for each stage, and the lines of those stages that are open. Pure. */

import type { Section } from "./model.ts";

export type Row = { kind: "stage"; stage: string; first: number; lines: number; open: boolean } | { kind: "line"; number: number };

interface Group {
  stage: string;
  first: number;
  last: number;
  open: boolean;
  /** The index of its head among all rows; of its first line where it has no head. */
  at: number;
  head: boolean;
}

export class Rows {
  readonly count: number;
  private readonly groups: Group[] = [];

  constructor(total: number, sections: readonly Section[], closed: ReadonlySet<string>) {
    const first = sections[0]?.first ?? total + 1;
    let at = 0;
    if (first > 1) at = this.add({ stage: "", first: 1, last: first - 1, open: true, at, head: false });
    sections.forEach((section, i) => {
      const last = (sections[i + 1]?.first ?? total + 1) - 1;
      at = this.add({ stage: section.stage, first: section.first, last, open: !closed.has(section.stage), at, head: true });
    });
    this.count = at;
  }

  private add(group: Group): number {
    this.groups.push(group);
    return group.at + (group.head ? 1 : 0) + (group.open ? linesOf(group) : 0);
  }

  at(index: number): Row | undefined {
    const group = this.groups.findLast((each) => each.at <= index && (each.head || linesOf(each) > 0));
    if (!group || index >= this.count) return undefined;
    if (group.head && index === group.at) {
      const { stage, first, open } = group;
      return { kind: "stage", stage, first, lines: linesOf(group), open };
    }
    return { kind: "line", number: group.first + index - group.at - (group.head ? 1 : 0) };
  }

  /** The index of a line's row; its stage's head where that is closed. */
  indexOf(number: number): number {
    const group = this.groups.findLast((each) => each.first <= number);
    if (!group) return 0;
    return group.open ? group.at + (group.head ? 1 : 0) + number - group.first : group.at;
  }
}

function linesOf(group: Group): number {
  return Math.max(0, group.last - group.first + 1);
}
