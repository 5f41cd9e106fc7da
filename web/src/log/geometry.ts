/**
 * Which rows are in view, for any number of rows of any heights. Pure.
 *
 * The scroll position is read as a share of the whole: at share p, the row at p of all rows lies at p of the view.
 * Where all rows are equally high and the scroll range is as high as they are, that is ordinary scrolling to the
 * pixel; where lines wrap, or there are more rows than a browser can be high, it still goes from the first row at the
 * top to the last at the bottom, without a jump.
 */

/** Pixels. */
export const ROW = 20;
/** Browsers lay out nothing higher than some 17 to 33 million pixels. */
const HIGHEST = 12_000_000;
/** Rows rendered beyond either edge. */
const BEYOND = 12;

export interface View {
  /** Rows to render: from `first` up to, not including, `end`. */
  first: number;
  end: number;
  /** The row that lies at `offset` pixels below the view's top, as a fraction of all. */
  anchor: number;
  offset: number;
}

export function heightOf(count: number, rowHeight = ROW): number {
  return Math.min(count * rowHeight, HIGHEST);
}

export function viewAt(scrollTop: number, height: number, viewHeight: number, count: number): View {
  const range = Math.max(0, height - viewHeight);
  const share = range > 0 ? Math.min(1, Math.max(0, scrollTop / range)) : 0;
  const anchor = share * count;
  const offset = share * viewHeight;
  const first = Math.max(0, Math.floor(anchor - offset / ROW) - BEYOND);
  const end = Math.min(count, Math.ceil(anchor + (viewHeight - offset) / ROW) + BEYOND);
  return { first, end, anchor, offset };
}

/** Where to scroll so that a row is in view: a third below the top, where the scrolling is to the pixel. */
export function scrollTo(index: number, height: number, viewHeight: number, count: number): number {
  const range = Math.max(0, height - viewHeight);
  if (height === count * ROW) return Math.min(range, Math.max(0, index * ROW - viewHeight / 3));
  return ((index + 0.5) / count) * range;
}
