/**
 * What a terminal would show of one line: colours and styles (SGR 0-107, 256 colours, true colour), what a carriage
 * return or backspace wrote over, erasures, links (OSC 8). Everything else that is no text is left out. Pure; made
 * into text nodes, never into markup.
 */

export interface Style {
  colour?: string;
  background?: string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  inverse?: boolean;
  link?: string;
}

export interface Span {
  text: string;
  style: Style;
}

// A control sequence, an operating system command, another escape, or a single control character.
// eslint-disable-next-line no-control-regex
const CONTROL = /\x1b\[([0-9;:?<=>]*)[ -/]*([@-~])|\x1b\]([^\x07\x1b]*)(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b-\x1f\x7f]/g;
// eslint-disable-next-line no-control-regex
const SPECIAL = /[\x00-\x08\x0b-\x1f\x7f]/;
const PLAIN: Style = {};

export function spansOf(line: string): Span[] {
  if (!SPECIAL.test(line)) return line ? [{ text: line, style: PLAIN }] : [];
  const screen = new ScreenLine();
  let style = PLAIN;
  let read = 0;
  for (const match of line.matchAll(CONTROL)) {
    screen.write(line.slice(read, match.index), style);
    read = match.index + match[0].length;
    const [whole, parameters = "", final, command] = match;
    if (final === "m") style = styled(style, parameters);
    else if (final === "K") screen.erase(Number(parameters) || 0);
    else if (final === "G") screen.column = Math.max(0, (Number(parameters) || 1) - 1);
    else if (final === "D") screen.column = Math.max(0, screen.column - (Number(parameters) || 1));
    else if (final === "C") screen.column += Math.min(1000, Number(parameters) || 1);
    else if (command?.startsWith("8;")) style = linked(style, command);
    else if (whole === "\r") screen.column = 0;
    else if (whole === "\b") screen.column = Math.max(0, screen.column - 1);
  }
  screen.write(line.slice(read), style);
  return screen.spans();
}

/** The text alone, as it is copied. */
export function textOf(line: string): string {
  return SPECIAL.test(line) ? spansOf(line).map((span) => span.text).join("") : line;
}

/** One line of a screen. Until something is written over, spans are only added: one step a span, not a character. */
class ScreenLine {
  column = 0;
  private cells: Span[] = [];
  private added: Span[] = [];
  private length = 0;
  private isSpread = false;

  write(text: string, style: Style): void {
    if (!text) return;
    if (!this.isSpread && this.column === this.length) {
      this.added.push({ text, style });
      this.length += text.length;
      this.column = this.length;
      return;
    }
    this.spread();
    for (const character of text) {
      while (this.cells.length < this.column) this.cells.push({ text: " ", style: PLAIN });
      this.cells[this.column++] = { text: character, style };
    }
  }

  erase(mode: number): void {
    this.spread();
    if (mode === 0) this.cells.length = Math.min(this.cells.length, this.column);
    else if (mode === 2) this.cells.length = 0;
    else for (let i = 0; i <= this.column && i < this.cells.length; i++) this.cells[i] = { text: " ", style: PLAIN };
  }

  spans(): Span[] {
    const joined: Span[] = [];
    for (const { text, style } of [...this.added, ...this.cells]) {
      const last = joined.at(-1);
      if (last?.style === style) last.text += text;
      else joined.push({ text, style });
    }
    return joined;
  }

  private spread(): void {
    this.isSpread = true;
    for (const { text, style } of this.added) for (const character of text) this.cells.push({ text: character, style });
    this.added = [];
  }
}

function styled(before: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map(Number);
  let style: Style = before;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(i + 1));
      if (colour) style = { ...style, [code === 38 ? "colour" : "background"]: colour };
      i += used;
    } else style = simple(style, code);
  }
  return style;
}

function simple(style: Style, code: number): Style {
  if (code === 0) return style.link ? { link: style.link } : PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 3) return { ...style, italic: true };
  if (code === 4) return { ...style, underline: true };
  if (code === 7) return { ...style, inverse: true };
  if (code === 9) return { ...style, strike: true };
  if (code === 22) return without(style, "bold", "dim");
  if (code === 23) return without(style, "italic");
  if (code === 24) return without(style, "underline");
  if (code === 27) return without(style, "inverse");
  if (code === 29) return without(style, "strike");
  if (code >= 30 && code <= 37) return { ...style, colour: named(code - 30) };
  if (code === 39) return without(style, "colour");
  if (code >= 40 && code <= 47) return { ...style, background: named(code - 40) };
  if (code === 49) return without(style, "background");
  if (code >= 90 && code <= 97) return { ...style, colour: named(code - 82) };
  if (code >= 100 && code <= 107) return { ...style, background: named(code - 92) };
  return style;
}

function without(style: Style, ...names: (keyof Style)[]): Style {
  const left = { ...style };
  for (const name of names) delete left[name];
  return left;
}

/** A colour of 256 or a true one, and how many numbers it took. */
function extended(codes: number[]): [string | null, number] {
  const [kind, a = -1, b = -1, c = -1] = codes;
  if (kind === 5) return [a < 0 || a > 255 ? null : a < 16 ? named(a) : rgb(...ofTable(a)), 2];
  if (kind === 2) return [[a, b, c].every((part) => part >= 0 && part < 256) ? rgb(a, b, c) : null, 4];
  return [null, codes.length];
}

/** xterm's table: a cube of 6 × 6 × 6 colours, then 24 greys. */
function ofTable(index: number): [number, number, number] {
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return [grey, grey, grey];
  }
  const steps = [0, 95, 135, 175, 215, 255];
  const cube = index - 16;
  return [steps[Math.floor(cube / 36)] ?? 0, steps[Math.floor(cube / 6) % 6] ?? 0, steps[cube % 6] ?? 0];
}

const named = (index: number) => `var(--ansi-${index})`;
const rgb = (r: number, g: number, b: number) => `rgb(${r} ${g} ${b})`;

function linked(style: Style, command: string): Style {
  const address = command.slice(2).replace(/^[^;]*;/, "");
  return /^https?:\/\//i.test(address) ? { ...style, link: address } : without(style, "link");
}
