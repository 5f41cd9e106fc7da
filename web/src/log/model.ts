/**
 * A build's log, of any length: pages of lines, filled by whoever brings them, forgotten where there are too many.
 *
 * Numbers are lci's: from 1, dense. A line that is brought twice is there once; one that is not there yet is a hole
 * in its page, which `missing` names. Pure: no Svelte, no network.
 */

import type { Stream } from "../wire/generated.ts";

export const PAGE = 500;
/** Pages held: 300,000 lines. */
const HELD = 600;

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
}

export class LogModel {
  /** The number of the last line there is. */
  total = 0;
  /** In characters; what the view is made wide enough for. */
  longest = 0;
  /** The stages that have begun, in order. */
  sections: Section[] = [];
  /** What a line takes on the average, for a first guess at how far lines wrap. */
  private readonly pages = new Map<number, Page>();
  private uses = 0;

  line(number: number): Line | undefined {
    const page = this.pages.get(pageOf(number));
    return page?.lines[(number - 1) % PAGE];
  }

  put(number: number, timestamp: string, stream: Stream, text: string): void {
    this.total = Math.max(this.total, number);
    this.longest = Math.max(this.longest, text.length);
    const page = this.page(pageOf(number));
    const place = (number - 1) % PAGE;
    if (page.lines[place] !== undefined) return;
    page.lines[place] = { number, time: Date.parse(timestamp), stream, text };
    page.filled += 1;
  }

  /** The stage to which lines from `first` on belong, as it is learnt from live lines. */
  enter(stage: string, first: number): void {
    const last = this.sections.at(-1);
    if (stage !== "-" && last?.stage !== stage && first > (last?.first ?? 0)) this.sections = [...this.sections, { stage, first }];
  }

  /** Pages between two lines that lack a line which exists. */
  missing(first: number, last: number): number[] {
    const wanting = [];
    for (let at = pageOf(Math.max(first, 1)); at <= pageOf(Math.min(last, this.total)); at++) {
      const page = this.pages.get(at);
      if (page) page.used = ++this.uses;
      if ((page?.filled ?? 0) < Math.min(PAGE, this.total - at * PAGE)) wanting.push(at);
    }
    return wanting;
  }

  sectionOf(number: number): Section | undefined {
    return this.sections.findLast((section) => section.first <= number);
  }

  private page(at: number): Page {
    let page = this.pages.get(at);
    if (!page) {
      page = { lines: [], filled: 0, used: ++this.uses };
      this.pages.set(at, page);
      if (this.pages.size > HELD) this.forget(at);
    }
    return page;
  }

  /** Forget the page that was longest out of sight; it can be asked for again. */
  private forget(kept: number): void {
    let oldest = -1;
    let used = Infinity;
    for (const [at, page] of this.pages) {
      if (at !== kept && page.used < used) [oldest, used] = [at, page.used];
    }
    this.pages.delete(oldest);
  }
}

export function pageOf(number: number): number {
  return Math.floor((number - 1) / PAGE);
}
