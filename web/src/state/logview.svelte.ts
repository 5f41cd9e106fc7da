/**
 * What is in view of a log: rows to render, where they lie, and whether the end is followed.
 *
 * The end is followed until the first upward step of whoever looks, or until text is selected; reaching the end, or
 * asking for it, follows again. Drawn once a frame at most, however fast lines come.
 */

import { tick } from "svelte";
import { heightOf, ROW, scrollTo, viewAt, type View } from "../log/geometry.ts";
import type { Fold } from "../log/folds.ts";
import { numberOf, Rows, type Row } from "../log/rows.ts";
import type { StageStatus } from "../wire/generated.ts";
import type { Log } from "./log.svelte.ts";

/** Up to this many rows that wrap are simply all there. */
const ALL = 120;

export interface Shown {
  index: number;
  row: Row;
}

export class LogView {
  shown = $state.raw<Shown[]>([]);
  /** Pixels: where the first row shown lies, and how high all are. */
  top = $state(0);
  height = $state(0);
  /** Pixels: the widest row that was rendered, where lines are not wrapped. */
  width = $state(0);
  following = $state(false);
  /** The last line there was when the end was left. */
  seen = $state(0);
  /** The names of the stages that are closed. */
  closed = $state.raw<ReadonlySet<string>>(new Set());
  /** The first lines of the groups that are closed. */
  folded = $state.raw<ReadonlySet<number>>(new Set());
  wrap = $state(false);
  /** Called after each drawing. */
  drawn: () => void = () => undefined;

  private scroller: HTMLElement | null = null;
  private rows = new Rows(0, [], new Set());
  private frame = 0;
  private lastTop = 0;
  /** The line to bring into view with the next drawing. */
  private goal: number | null = null;
  /** The line that was gone to last: what is learnt of groups later does not hide it. */
  private sought: number | null = null;
  private rowHeight = ROW;
  private knownFolds: readonly Fold[] = [];

  constructor(private readonly log: Log) {}

  /** Close what is done well: what runs or failed is looked at, or else what was written last. */
  begin(stages: readonly { name: string; status: StageStatus }[]): void {
    const begun = stages.filter(({ status }) => status !== "Pending" && status !== "Skipped").map(({ name }) => name);
    const done = stages.filter(({ status }) => status === "Success").map(({ name }) => name);
    this.closed = new Set(done.length === begun.length ? done.slice(0, -1) : done);
    this.changed();
  }

  attach(scroller: HTMLElement): () => void {
    this.scroller = scroller;
    const observer = new ResizeObserver(() => this.resized());
    observer.observe(scroller);
    const selected = () => this.leaveWhereSelected();
    document.addEventListener("selectionchange", selected);
    return () => {
      observer.disconnect();
      document.removeEventListener("selectionchange", selected);
      cancelAnimationFrame(this.frame);
      this.scroller = null;
    };
  }

  /** Something has changed: draw with the next frame. */
  changed(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private draw(): void {
    const scroller = this.scroller;
    // Until the log's end is known, so is not what of it is closed.
    if (!scroller || !this.log.loaded) return;
    this.foldEnded();
    this.rows = this.rowsNow();
    const { count } = this.rows;
    this.height = heightOf(count, this.rowHeight);
    const viewHeight = scroller.clientHeight;
    const space = scroller.firstElementChild as HTMLElement | null;
    if (space && !this.isWhole) space.style.height = `${this.height}px`;
    if (this.goal !== null) this.place(scroller, viewHeight, this.rows.indexOf(this.goal));
    else if (this.following) this.scroll(scroller, scroller.scrollHeight);
    if (this.isWhole) this.render(scroller, { first: 0, end: count, anchor: 0, offset: 0 });
    else this.render(scroller, viewAt(scroller.scrollTop, this.height, viewHeight, count));
  }

  private rowsNow(): Rows {
    const { total, sections, folds } = this.log.model;
    return new Rows(total, sections, this.closed, folds, this.folded);
  }

  /** Close the groups that one has not seen before and that have ended. */
  private foldEnded(): void {
    const { folds } = this.log.model;
    if (folds === this.knownFolds) return;
    const known = new Set(this.knownFolds.map(({ first }) => first));
    const ended = folds.filter(({ first, last }) => !known.has(first) && last !== null && !this.isSought(first, last));
    this.knownFolds = folds;
    if (ended.length) this.folded = new Set([...this.folded, ...ended.map(({ first }) => first)]);
  }

  private isSought(first: number, last: number): boolean {
    return this.sought !== null && this.sought >= first && this.sought <= last;
  }

  /** Whether all rows are rendered one below the other, as high as they are. */
  get isWhole(): boolean {
    return this.wrap && this.rows.count <= ALL;
  }

  private render(scroller: HTMLElement, view: View): void {
    const shown: Shown[] = [];
    for (let index = view.first; index < view.end; index++) {
      const row = this.rows.at(index);
      if (row) shown.push({ index, row });
    }
    this.shown = shown;
    this.top = scroller.scrollTop + view.offset - (view.anchor - view.first) * ROW;
    this.askFor(shown);
    void tick().then(() => {
      if (this.wrap) this.settle(scroller, view);
      else this.widen(scroller);
      this.drawn();
    });
  }

  private askFor(shown: Shown[]): void {
    const [first, last] = [shown[0], shown.at(-1)];
    if (first && last) this.log.look(numberOf(first.row), numberOf(last.row));
  }

  /** How wide signs are is known once they are rendered: fonts differ. */
  private widen(scroller: HTMLElement): void {
    const wide = scroller.querySelector(".window")?.scrollWidth ?? 0;
    if (wide > this.width) this.width = wide;
  }

  /** Rows that wrap are as high as they are: put the anchor where it belongs, and learn how high rows are. */
  private settle(scroller: HTMLElement, view: View): void {
    const list = scroller.querySelector<HTMLElement>(".window");
    const anchor = list?.children[Math.floor(view.anchor) - view.first] as HTMLElement | undefined;
    if (!list || this.isWhole) return;
    const within = anchor ? anchor.offsetTop + (view.anchor % 1) * anchor.offsetHeight : list.offsetHeight;
    this.top = scroller.scrollTop + view.offset - within;
    const measured = list.offsetHeight / Math.max(1, view.end - view.first);
    if (measured > this.rowHeight * 1.2) {
      this.rowHeight = measured;
      this.changed();
    }
  }

  setWrap(wrap: boolean): void {
    const middle = this.shown[Math.floor(this.shown.length / 2)]?.row;
    this.wrap = wrap;
    this.rowHeight = ROW;
    if (!this.following && middle) this.goal = numberOf(middle);
    this.changed();
  }

  private resized(): void {
    if (this.wrap) this.rowHeight = ROW;
    this.changed();
  }

  // --- following

  follow(): void {
    this.following = true;
    this.changed();
  }

  leave(): void {
    if (this.following) this.seen = this.log.model.total;
    this.following = false;
  }

  scrolled(isLive: boolean): void {
    const scroller = this.scroller;
    if (!scroller) return;
    const top = scroller.scrollTop;
    const atEnd = top + scroller.clientHeight >= scroller.scrollHeight - 2;
    if (top < this.lastTop - 1) this.leave();
    else if (atEnd && isLive && !this.hasSelection()) this.following = true;
    this.lastTop = top;
    this.changed();
  }

  private leaveWhereSelected(): void {
    if (this.following && this.hasSelection()) this.leave();
  }

  private hasSelection(): boolean {
    const selection = document.getSelection();
    return !!selection && !selection.isCollapsed && !!this.scroller?.contains(selection.anchorNode);
  }

  // --- going somewhere

  /** Bring a line into view, whatever hides it. */
  show(number: number): void {
    this.leave();
    const section = this.log.model.sectionOf(number);
    if (section && this.closed.has(section.stage)) this.toggle(section.stage);
    this.sought = number;
    const group = this.log.model.folds.findLast(({ first }) => first < number);
    if (group && this.folded.has(group.first) && number <= (group.last ?? number)) this.toggleGroup(group.first);
    this.goal = Math.min(number, Math.max(1, this.log.model.total));
    this.changed();
  }

  toggleGroup(first: number): void {
    const folded = new Set(this.folded);
    if (!folded.delete(first)) folded.add(first);
    this.folded = folded;
    this.changed();
  }

  toggle(stage: string): void {
    const closed = new Set(this.closed);
    if (!closed.delete(stage)) closed.add(stage);
    this.closed = closed;
    this.changed();
  }

  private place(scroller: HTMLElement, viewHeight: number, index: number): void {
    this.goal = null;
    if (this.isWhole) {
      void tick().then(() => scroller.querySelectorAll(".window > *")[index]?.scrollIntoView({ block: "center" }));
      return;
    }
    this.scroll(scroller, scrollTo(index, this.height, viewHeight, this.rows.count));
  }

  private scroll(scroller: HTMLElement, top: number): void {
    scroller.scrollTop = top;
    this.lastTop = scroller.scrollTop;
  }
}
