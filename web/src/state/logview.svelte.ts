/**
 * What is in view of a log: rows to render, where they lie, and whether the end is followed.
 *
 * The end is followed until the first upward step of whoever looks, or until text is selected; reaching the end, or
 * asking for it, follows again. Drawn once a frame at most, however fast lines come.
 */

import { tick } from "svelte";
import { heightOf, ROW, scrollTo, viewAt, type View } from "../log/geometry.ts";
import { Rows, type Row } from "../log/rows.ts";
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
  following = $state(false);
  /** The last line there was when the end was left. */
  seen = $state(0);
  closed = $state.raw<ReadonlySet<string>>(new Set());
  wrap = $state(false);
  /** Called after each drawing. */
  drawn: () => void = () => undefined;

  private scroller: HTMLElement | null = null;
  private rows = new Rows(0, [], new Set());
  private frame = 0;
  private lastTop = 0;
  private goal: number | null = null;
  private rowHeight = ROW;

  constructor(private readonly log: Log) {}

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
    if (!scroller) return;
    this.rows = new Rows(this.log.model.total, this.log.model.sections, this.closed);
    const { count } = this.rows;
    this.height = heightOf(count, this.rowHeight);
    const viewHeight = scroller.clientHeight;
    const space = scroller.firstElementChild as HTMLElement | null;
    if (space && !this.isWhole) space.style.height = `${this.height}px`;
    if (this.goal !== null) this.place(scroller, viewHeight, this.goal);
    else if (this.following) this.scroll(scroller, scroller.scrollHeight);
    if (this.isWhole) this.render(scroller, { first: 0, end: count, anchor: 0, offset: 0 });
    else this.render(scroller, viewAt(scroller.scrollTop, this.height, viewHeight, count));
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
      this.drawn();
    });
  }

  private askFor(shown: Shown[]): void {
    const numbers = shown.flatMap(({ row }) => (row.kind === "line" ? [row.number] : []));
    const [first, last] = [numbers[0], numbers.at(-1)];
    if (first !== undefined && last !== undefined) this.log.look(first, last);
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
    const middle = this.shown[Math.floor(this.shown.length / 2)]?.index;
    this.wrap = wrap;
    this.rowHeight = ROW;
    if (!this.following && middle !== undefined) this.goal = middle;
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
    const rows = new Rows(this.log.model.total, this.log.model.sections, this.closed);
    this.goal = rows.indexOf(Math.min(number, Math.max(1, this.log.model.total)));
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
