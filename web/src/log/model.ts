/**
 * A build's log, of any length: pages of lines, filled by whoever brings them, forgotten where there are too many.
 *
 * Numbers are lci's: from 1, dense. A line that is brought twice is there once; one that is not there yet is a hole
 * in its page, which `missing` names. Pure: no Svelte, no network.
 */

import type { Stream } from "../wire/generated.ts";
import { foldsOf, markOf, type Fold } from "./folds.ts";
import { columnsOf } from "./width.ts";

export const PAGE = 500;
/** Characters held, which is what takes the memory: some 300,000 ordinary lines. */
export const HELD = 48_000_000;
/** What a line takes beside its text, in characters. */
const LINE = 60;

export interface Line {
  number: number;
  /** Milliseconds since 1970. */
  time: number;
  stream: Stream;
  text: string;
}

export interface Section {
  stage: string;
  /** The number of its first line. */
  first: number;
}

interface Page {
  lines: (Line | undefined)[];
  filled: number;
  used: number;
  /** Characters held. */
  size: number;
}

export class LogModel {
  /** The number of the last line there is. */
  total = 0;
  /** In columns; what the view is made wide enough for. */
  longest = 0;
  /** The stages that have begun, in order. */
  sections: Section[] = [];
  private readonly pages = new Map<number, Page>();
  /** Lines that begin a group, with its title, and that end one. */
  private readonly marks = new Map<number, string | null>();
  private known: Fold[] | null = [];
  private uses = 0;
  private held = 0;
  /** The pages that were looked at last; they are not forgotten. */
  private looked: [number, number] = [-1, -1];

  line(number: number): Line | undefined {
    const page = this.pages.get(pageOf(number));
    return page?.lines[(number - 1) % PAGE];
  }

  put(number: number, timestamp: string, stream: Stream, text: string): void {
    this.total = Math.max(this.total, number);
    this.longest = Math.max(this.longest, columnsOf(text));
    this.mark(number, text);
    const at = pageOf(number);
    const page = this.page(at);
    const place = (number - 1) % PAGE;
    if (page.lines[place] !== undefined) return;
    page.lines[place] = { number, time: Date.parse(timestamp), stream, text };
    page.filled += 1;
    page.size += text.length + LINE;
    this.held += text.length + LINE;
    if (this.held > HELD) this.forget(at);
  }

  /** Groups that lines make, rising. */
  get folds(): readonly Fold[] {
    this.known ??= foldsOf(this.marks);
    return this.known;
  }

  /** See whether a line makes a group; it need not be held for that. */
  mark(number: number, text: string): void {
    const mark = markOf(text);
    if (mark === undefined || this.marks.has(number)) return;
    this.marks.set(number, mark);
    this.known = null;
  }

  /** The stage to which lines from `first` on belong, as it is learnt from live lines. */
  enter(stage: string, first: number): void {
    const last = this.sections.at(-1);
    if (stage !== "-" && last?.stage !== stage && first > (last?.first ?? 0)) this.sections = [...this.sections, { stage, first }];
  }

  /** For each page of which a line between two is lacking that exists: the first that this page lacks. */
  missing(first: number, last: number): number[] {
    const [from, to] = [Math.max(first, 1), Math.min(last, this.total)];
    this.looked = [pageOf(from), pageOf(to)];
    const holes = [];
    for (let at = pageOf(from); at <= pageOf(to); at++) {
      const page = this.pages.get(at);
      if (page) page.used = ++this.uses;
      if (lacks(page, Math.max(from - at * PAGE, 1), Math.min(to - at * PAGE, PAGE))) holes.push(at * PAGE + firstHole(page));
    }
    return holes;
  }

  sectionOf(number: number): Section | undefined {
    return this.sections.findLast((section) => section.first <= number);
  }

  private page(at: number): Page {
    let page = this.pages.get(at);
    if (!page) {
      page = { lines: [], filled: 0, used: ++this.uses, size: 0 };
      this.pages.set(at, page);
    }
    return page;
  }

  /** Forget the page that was longest out of sight; it can be asked for again. */
  private forget(kept: number): void {
    let oldest = -1;
    let used = Infinity;
    for (const [at, page] of this.pages) {
      const isLooked = at >= this.looked[0] && at <= this.looked[1];
      if (at !== kept && !isLooked && page.used < used) [oldest, used] = [at, page.used];
    }
    this.held -= this.pages.get(oldest)?.size ?? 0;
    this.pages.delete(oldest);
  }
}

/** Whether one of a page's places, counted from 1, is empty. */
function lacks(page: Page | undefined, first: number, last: number): boolean {
  if (!page) return first <= last;
  if (page.filled === PAGE) return false;
  for (let place = first; place <= last; place++) if (page.lines[place - 1] === undefined) return true;
  return false;
}

/** The first empty place of a page, from 1. */
function firstHole(page: Page | undefined): number {
  const lines = page?.lines ?? [];
  const hole = lines.findIndex((line) => line === undefined);
  return (hole < 0 ? lines.length : hole) + 1;
}

export function pageOf(number: number): number {
  return Math.floor((number - 1) / PAGE);
}
