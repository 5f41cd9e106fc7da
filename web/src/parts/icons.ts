/** Icons, drawn on 16 × 16 with a stroke of 1.6. Each state has a shape of its own, so colour is never all there is. */

export const icons = {
  clock: "M8 4.5V8l2.3 1.6M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Z",
  ring: "M8 2a6 6 0 1 1-6 6",
  swap: "M2.5 5.5h10M10 3l2.5 2.5L10 8M13.5 10.5h-10M6 8l-2.5 2.5L6 13",
  check: "M3 8.5 6.3 12 13 4.5",
  cross: "M4 4l8 8M12 4l-8 8",
  slash: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM4 12 12 4",
  skip: "M4 3.5 10 8l-6 4.5v-9ZM12.5 3.5v9",
  dot: "M8 10.2A2.2 2.2 0 1 0 8 5.8a2.2 2.2 0 0 0 0 4.4Z",
  stop: "M4 4h8v8H4z",
  warning: "M8 2.5 14.5 13.5h-13L8 2.5ZM8 6.5v3.2M8 11.4v.4",
  out: "M9.5 3H13v3.5M13 3 7.5 8.5M6.5 4H3v9h9V9.5",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.4 10.4 14 14",
  plus: "M8 3v10M3 8h10",
  more: "M3 8h.01M8 8h.01M13 8h.01",
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  right: "M6 4l4 4-4 4",
  end: "M8 2.5v8M4.5 7 8 10.5 11.5 7M3 13.5h10",
  wrap: "M2.5 4h11M2.5 8h8.5a2.25 2.25 0 0 1 0 4.5H8.5M10.3 10.7 8.5 12.5l1.8 1.8M2.5 12h3",
  full: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  download: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.5h10",
  again: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
  play: "M5 3.2 12.5 8 5 12.8V3.2Z",
  back: "M6.5 3.5 3 7l3.5 3.5M3 7h6.5a3.5 3.5 0 0 1 0 7H8",
  exit: "M9.5 3H3.5v10h6M7 8h7M11.5 5.5 14 8l-2.5 2.5",
  keys: "M2 4.5h12v7H2zM4.5 7h.01M7 7h.01M9.5 7h.01M12 7h.01M5 9.3h6",
  sun: "M8 10.8A2.8 2.8 0 1 0 8 5.2a2.8 2.8 0 0 0 0 5.6ZM8 1.6v1.2M8 13.2v1.2M1.6 8h1.2M13.2 8h1.2M3.5 3.5l.8.8M11.7 11.7l.8.8M3.5 12.5l.8-.8M11.7 4.3l.8-.8",
  commit: "M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 8h4M10.5 8h4",
} as const;

export type IconName = keyof typeof icons;
